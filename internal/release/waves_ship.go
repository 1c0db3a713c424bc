package release

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// shipWaves opens a rollout over those targets that do not serve the wish, or finds
// that all do.
func (d *driver) shipWaves(ctx context.Context, req ShipRequest) (Outcome, error) {
	spec := req.Spec
	if errs := spec.Validate(); len(errs) > 0 {
		return outcomeOf(d.h, Unchanged, nil), errs
	}
	pending, already, err := d.pending(ctx, req)
	if err != nil {
		return outcomeOf(d.h, Unchanged, nil), err
	}
	d.letGo(ctx, spec)
	if len(pending) == 0 {
		if samePayload(d.h.Serving(), spec.Payload) {
			return d.keep(ctx, req, nil)
		}
		err := d.append(ctx, KindAdopted, AdoptedBody{Spec: spec, Owner: req.Owner})
		return outcomeOf(d.h, Adopted, nil), err
	}
	if errs := d.e.Validate(ctx, spec); len(errs) > 0 {
		return outcomeOf(d.h, Unchanged, nil), errs
	}
	opening := d.wavesOpening(spec, Forward, req.Owner, pending, already)
	first := spec.Waves.Split(opening.Waves.Order)[0]
	rehearsed := d.e.rehearseParts(ctx, spec, d.e.lookAtAll(ctx, spec, first))
	opening.Gates = d.e.wavesGates(ctx, spec, first, rehearsed)
	if len(gate.Blocked(opening.Gates)) > 0 {
		return outcomeOf(d.h, Unchanged, nil), &BlockedError{Key: d.key, Label: spec.Payload.Label(), Results: opening.Gates, First: d.h.Spec == nil}
	}
	if err := d.before(ctx, req); err != nil {
		return outcomeOf(d.h, Unchanged, nil), err
	}
	if err := d.append(ctx, KindOpened, opening); err != nil {
		return outcomeOf(d.h, Unchanged, nil), err
	}
	return d.finish(ctx)
}

func (d *driver) wavesOpening(spec Spec, kind Kind, owner Owner, pending, already []string) OpenedBody {
	b := OpenedBody{Number: 1, Kind: kind, Spec: spec, Owner: owner, Baseline: d.h.Serving()}
	if last := d.h.Last(); last != nil {
		b.Number = last.Number + 1
	}
	b.Waves = &WavesOpening{Already: already}
	if spec.Waves.Order == Shuffled && kind == Forward {
		b.Waves.Seed = fmt.Sprintf("%s/%d@%d", d.key, b.Number, d.e.Clock.Now().UnixMicro())
	}
	b.Waves.Order = spec.Waves.Sequence(pending, b.Waves.Seed)
	return b
}

// pending sorts the targets into those that need the wish, in the order of the
// configuration, and those that serve it by their own streams. What serves it
// without Sluice's doing is adopted on the way.
func (d *driver) pending(ctx context.Context, req ShipRequest) (pending, already []string, err error) {
	histories, err := d.e.parts(ctx, req.Spec)
	if err != nil {
		return nil, nil, err
	}
	var unsure []string
	for i, h := range histories {
		part, _ := req.Spec.Part(req.Spec.Targets[i].Name)
		if h.Open() == nil && samePayload(h.Serving(), part.Payload) && h.Spec != nil && sameTarget(h.Spec.Target, part.Target) {
			already = append(already, part.TargetName)
			continue
		}
		unsure = append(unsure, part.TargetName)
	}
	for _, l := range d.e.lookAtAll(ctx, req.Spec, unsure) {
		// One that cannot be seen now is tried in its wave.
		if l.Err != nil || !ServesOnly(*l.Serving, req.Spec.Payload) || l.Serving.Canary != nil && l.Serving.Canary.Weight > 0 {
			pending = append(pending, l.Name)
			continue
		}
		part, _ := req.Spec.Part(l.Name)
		if _, err := d.e.Ship(ctx, ShipRequest{Spec: part, Owner: req.Owner, TakeOver: true}); err != nil {
			pending = append(pending, l.Name)
			continue
		}
		already = append(already, l.Name)
	}
	return pending, already, ctx.Err()
}

// parts loads the histories of all parts, in the order of the targets.
func (e *Engine) parts(ctx context.Context, spec Spec) ([]*History, error) {
	histories, errs := make([]*History, len(spec.Targets)), make([]error, len(spec.Targets))
	var wg sync.WaitGroup
	places := make(chan struct{}, looksAtOnce)
	for i, t := range spec.Targets {
		places <- struct{}{}
		wg.Go(func() {
			defer func() { <-places }()
			histories[i], errs[i] = e.load(ctx, spec.Key().Part(t.Name))
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return histories, nil
}

// letGo ends the management of parts whose targets are no longer in the release.
// What serves there stays as it is.
func (d *driver) letGo(ctx context.Context, spec Spec) {
	if d.h.Spec == nil {
		return
	}
	for _, name := range d.h.Spec.Names() {
		if _, still := spec.Part(name); still {
			continue
		}
		if err := d.e.Release(ctx, d.key.Part(name), Owner{}, "the target was taken out of the release"); err != nil {
			d.warn(fmt.Sprintf("the target %s is no longer in the release, and its record could not be closed: %v", name, err))
		}
	}
}

// wavesGates asks the gates about targets: once for each region, since nothing else
// of a target matters to them but a quarantine of its own and what was found of its
// way back. What only some regions are told carries their names, and what is wrong
// with one target's way back that one's.
func (e *Engine) wavesGates(ctx context.Context, spec Spec, names []string, rehearsed map[string]Rehearsal) []gate.Result {
	var all []gate.Result
	asked := map[string]bool{}
	for _, name := range names {
		part, _ := spec.Part(name)
		subject := part.Subject()
		scope := fmt.Sprint(subject.Regions)
		found, own := rehearsed[name]
		if own {
			subject.Rehearsal, subject.RehearsalRequired = found.Lines, spec.Policy.RequireRehearsal
		}
		switch {
		case e.condemned(ctx, part):
			scope += name
		case own && subject.RehearsalRequired && !found.Holds():
			scope += name
			subject.Target = ""
		default:
			subject.Target = ""
		}
		if asked[scope] {
			continue
		}
		asked[scope] = true
		for _, r := range gate.CheckAll(ctx, e.Gates, subject, e.Clock.Now()) {
			if r.Status != gate.Pass && len(part.Environment.Regions) == 1 && part.Environment.Regions[0] != "" && len(spec.Environment.Regions) != 1 {
				r.Reason = part.Environment.Regions[0] + ": " + r.Reason
			}
			if r.Gate == rehearsalGate && r.Status != gate.Pass {
				r.Reason = name + ": " + r.Reason
			}
			if !slices.Contains(all, r) {
				all = append(all, r)
			}
		}
	}
	if r, odd := e.judgeClock(nil, e.Clock.Now()); odd {
		all = append(all, r)
	}
	return merged(all)
}

// condemned is whether the payload is quarantined at this very target.
func (e *Engine) condemned(ctx context.Context, part Spec) bool {
	h, err := e.load(ctx, part.Key())
	if err != nil {
		return true // The gate says what is wrong.
	}
	_, bad := h.Quarantine[part.Payload.Key()]
	return bad
}

// merged leaves out the passes of a gate that blocks elsewhere, and keeps the order
// of the gates.
func merged(all []gate.Result) []gate.Result {
	var out []gate.Result
	var order []string
	for _, r := range all {
		if !slices.Contains(order, r.Gate) {
			order = append(order, r.Gate)
		}
	}
	for _, name := range order {
		blocks := slices.ContainsFunc(all, func(r gate.Result) bool { return r.Gate == name && r.Status != gate.Pass })
		for _, r := range all {
			if r.Gate == name && (r.Status != gate.Pass || !blocks) {
				out = append(out, r)
			}
		}
	}
	return out
}

// backWaves opens and drives a person's rollback of all targets, the newest first. What
// it leaves is quarantined once the targets' records could be read, nil for nothing.
func (d *driver) backWaves(ctx context.Context, spec Spec, reason string, left *Quarantined) (Outcome, error) {
	histories, err := d.e.parts(ctx, spec)
	if err == nil {
		err = d.condemn(ctx, left)
	}
	if err != nil {
		return outcomeOf(d.h, Unchanged, nil), err
	}
	type changed struct {
		name string
		at   time.Time
	}
	var order []changed
	for _, h := range histories {
		if h.Serving() == nil || samePayload(h.Serving(), spec.Payload) && h.Open() == nil {
			continue
		}
		order = append(order, changed{h.Key.Target, h.Last().at()})
	}
	slices.SortStableFunc(order, func(a, b changed) int { return b.at.Compare(a.at) })
	names := make([]string, len(order))
	for i, c := range order {
		names[i] = c.name
	}
	spec = spec.Normalize()
	spec.Waves.Sizes, spec.Waves.Soak = []int{max(len(names), 1)}, 0
	opening := d.wavesOpening(spec, BackOut, Owner{}, names, nil)
	opening.Reason = reason
	if err := d.append(ctx, KindOpened, opening); err != nil {
		return outcomeOf(d.h, Unchanged, nil), err
	}
	return d.finish(ctx)
}

// at is when a rollout was closed, zero for none.
func (r *Rollout) at() time.Time {
	if r == nil {
		return time.Time{}
	}
	return r.ClosedAt
}

func servesNow(obs *target.Observation) string { return ServesText(obs, time.Time{}) }
