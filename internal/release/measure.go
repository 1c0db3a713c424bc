package release

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/judge"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// measure takes one look: it renews the dead-man switch (which also observes the
// target), counts, judges and records. It makes at most one call to the target
// and one to each signal.
func (d *driver) measure(ctx context.Context) error {
	r := d.h.Open()
	interval := r.Spec.Strategy.Analysis.Interval
	tick := TickBody{Step: r.Step, Weight: r.Weight, Interval: interval, Cursors: map[string]json.RawMessage{}}
	obs, err := d.touch(ctx, r)
	d.leaveLine()
	if err != nil && target.CodeOf(err) == target.CodeStaleFence {
		return d.refused(ctx, err)
	}
	if err != nil && ctx.Err() != nil {
		return err
	}
	if d.unrecorded != nil && (err != nil || anothers(obs, r)) {
		return d.unrecorded
	}
	d.seeTarget(&tick, r, obs, err)
	primed, late := d.count(ctx, &tick, r)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	tick.Observed = len(tick.Problems) == 0
	now := d.e.Clock.Now()
	d.noticeSetBack(r, now)
	tick.missed(r, now)
	switch passed := soak(r.TickAt, now, interval.Std()); {
	case tick.Observed && primed:
		// The counts that have come are of the late looks' time as well, and where the
		// store kept them, of time in which nobody looked.
		tick.soaks(r, passed+r.late+tick.vouched(r, d.keeping), d.told)
		tick.Missed = nil
	case tick.Observed && late:
		tick.Late = field.Duration(passed)
	}
	tick.Input.At = tickTime(r, now)
	tick.Input.Weight, tick.Input.Step = shared(tick, r), r.Step
	if d.told.reaches(r) {
		tick.Input.Weight = judge.UnknownWeight
	}
	alone := servesAlone(obs, r)
	if !alone && r.judging() && (primed || tick.Input.Unhealthy != "") && (r.applied >= 0 || r.Spec.Mode == Observe) && (tick.Observed || tick.Input.Unhealthy != "") {
		verdict, err := d.judge.observe(r, tick.Input)
		if err != nil {
			return err
		}
		tick.Verdict = &verdict
	}
	if !alone && r.Analysis != nil {
		tick.Fired = r.fired(tick, primed)
	}
	// Only now, and never before a revert: what a dependency says changes nothing about
	// harm, and whoever has to be asked may not answer.
	if !d.mustNotWait(KindTick, tick) {
		if d.unrecorded != nil {
			return d.unrecorded
		}
		d.standing(ctx, &tick, r)
	}
	return d.append(ctx, KindTick, tick)
}

// shared is the canary's share for the judge: what the target says where somebody
// else moved it, since the counts are of that share and not of the configured one.
func shared(tick TickBody, r *Rollout) float64 {
	switch obs := tick.Observation; {
	case r.Spec.Mode == Observe && obs != nil:
		return judgedShare(tick.Weight, told(*obs))
	case r.Spec.Mode == Observe || obs == nil || !obs.Known || !moved(obs, r):
		return quiet(r, judgedShare(tick.Weight, r.Traffic))
	case obs.Canary != nil && obs.Canary.Payload.Same(r.Spec.Payload):
		return judgedShare(obs.Canary.Weight, told(*obs))
	default:
		return judge.UnknownWeight
	}
}

// touch observes the target. Where there is a dead-man switch, asking for the
// state that stands already renews it and observes in one call. Somebody's other
// weight is not overwritten: the switch is then renewed at that weight, since
// this driver lives, whatever it thinks of the weight.
func (d *driver) touch(ctx context.Context, r *Rollout) (*target.Observation, error) {
	return d.touchAs(ctx, r, "renew")
}

// touchAs is touch under a key of its own: a target answers a key that it knows without
// doing anything, and then no switch would be renewed.
func (d *driver) touchAs(ctx context.Context, r *Rollout, what string) (*target.Observation, error) {
	bounded, cancel := d.bound(ctx)
	defer cancel()
	if d.unrecorded != nil || d.revertAfter(r) == 0 || r.Spec.Mode == Observe || r.applied < 0 {
		obs, err := d.tgt.Observe(bounded)
		return &obs, err
	}
	if d.obs.Target != nil && moved(d.obs.Target, r) {
		// Somebody's other weight was seen, so its fingerprint is no leave to change it.
		obs, err := d.tgt.Observe(bounded)
		if err != nil {
			return &obs, err
		}
		return d.renewAsItIs(bounded, r, &obs), nil
	}
	obs, err := d.renewSwitch(bounded, r, what, r.Sends(), d.fingerprint())
	var te *target.Error
	if errors.As(err, &te) && te.Code == target.CodeConflict && te.Observation != nil {
		return d.renewAsItIs(bounded, r, te.Observation), nil
	}
	return obs, err
}

// renewAsItIs renews the switch at the weight that was seen. Where that cannot be
// done the observation stands, and the switch may fire.
func (d *driver) renewAsItIs(ctx context.Context, r *Rollout, seen *target.Observation) *target.Observation {
	c := seen.Canary
	if !seen.Known || seen.Reverted || c == nil || !c.Payload.Same(r.Spec.Payload) {
		return seen
	}
	again, err := d.renewSwitch(ctx, r, "renew-moved", whole(c.Weight, told(*seen)), seen.Fingerprint)
	if err != nil {
		return seen
	}
	return again
}

// renewSwitch asks for a traffic state that stands already, to be given more time.
func (d *driver) renewSwitch(ctx context.Context, r *Rollout, what string, traffic target.TrafficState, fingerprint string) (*target.Observation, error) {
	d.used = true
	p, err := d.tgt.Apply(ctx, target.ApplyRequest{
		WriteRequest: target.WriteRequest{Key: fmt.Sprintf("%s/%s/%d/%d", d.h.effectKey(r), what, r.attempts, r.Ticks), Fence: d.lease.Fence},
		Traffic:      traffic, ExpectedFingerprint: fingerprint, RevertAfter: d.revertAfter(r).Std(),
	})
	return &p.Observation, err
}

// seeTarget notes what the target said. Unknown is a problem and never a pass.
func (d *driver) seeTarget(tick *TickBody, r *Rollout, obs *target.Observation, err error) {
	if err != nil {
		problem := fmt.Sprintf("the target could not be read: %v", err)
		// What does not pass by itself needs a person, who reads this when nobody is there
		// to explain it.
		if te := (*target.Error)(nil); errors.As(err, &te) && target.IsPermanent(err) && te.Remedy != "" {
			problem += "; " + te.Remedy
		}
		tick.Problems = append(tick.Problems, problem)
		return
	}
	d.saw(obs)
	tick.Observation = obs
	if !obs.Known {
		tick.Problems = append(tick.Problems, "the target could not tell what serves")
		return
	}
	arm := obs.Canary
	if r.Spec.Mode == Observe {
		arm = watched(tick, obs, r)
	}
	switch {
	case arm == nil:
	case arm.Health == target.Unhealthy:
		tick.Input.Unhealthy = fmt.Sprintf("the target says that %s is unhealthy", r.Spec.Payload.Label())
	case arm.Health != target.Healthy:
		tick.Problems = append(tick.Problems, fmt.Sprintf("the target could not tell whether %s is healthy", r.Spec.Payload.Label()))
	}
}

// count asks every signal and puts the arms side by side. primed is false for a
// look that has no counts to judge: it only set the cursors, or a signal is late,
// as a metric store is between two scrapes. What the others said is then asked
// again with the next look, for a late signal is not one without exposure.
func (d *driver) count(ctx context.Context, tick *TickBody, r *Rollout) (primed, late bool) {
	d.keeping, d.told = keeping{}, telling{}
	if !r.counting() || r.applied < 0 && r.Spec.Mode != Observe {
		return true, false
	}
	if err := d.openSources(ctx, r); err != nil {
		tick.Problems = append(tick.Problems, err.Error())
		return true, false
	}
	primed = true
	for _, name := range signalNames(r.Spec.Signals) {
		queries := r.Analysis.Queries[name]
		if len(queries) == 0 {
			continue
		}
		counts, err := d.counts(ctx, name, queries, r)
		if err != nil {
			tick.Problems = append(tick.Problems, fmt.Sprintf("the signal %q could not be read: %v", name, err))
			// The cursor stays, so that what happened meanwhile is counted later.
			if cursor := lastCursor(r, name); cursor != nil {
				tick.Cursors[name] = cursor
			}
			continue
		}
		tick.Cursors[name] = counts.Cursor
		if !counts.Primed {
			primed = false
			late = late || lastCursor(r, name) != nil
			continue
		}
		d.keeping.and(counts.Kept)
		d.told.add(counts)
		tick.add(name, counts, r)
		tick.watch(name, counts, r)
	}
	if !primed {
		tick.Input.Counts, tick.Missing, tick.Watched = nil, nil, r.ringing(tick.Watched)
		for name := range tick.Cursors {
			if cursor := lastCursor(r, name); cursor != nil {
				tick.Cursors[name] = cursor
			}
		}
	}
	return primed, late
}

func (d *driver) counts(ctx context.Context, name string, queries []signal.Query, r *Rollout) (signal.Counts, error) {
	bounded, cancel := d.bound(ctx)
	defer cancel()
	return d.sources[name].Counts(bounded, signal.Request{
		Queries: queries, Since: r.StepAt, Until: d.e.Clock.Now(), Cursor: lastCursor(r, name), Arms: d.armNames(), Block: r.Spec.Strategy.Analysis.Interval.Std(),
	})
}

// lastCursor is where the counting of a signal stands, nil before its first
// answer. A ledger may hold null for that.
func lastCursor(r *Rollout, name string) json.RawMessage {
	if r.LastTick == nil || string(r.LastTick.Cursors[name]) == "null" {
		return nil
	}
	return r.LastTick.Cursors[name]
}

// add pairs the arms of each metric. A metric of which one arm is missing is left
// out, which the judge takes as no exposure. A baseline that never was is zero, and
// so is one that is gone at 100 %, whose process may have ended (ADR 0022).
func (t *TickBody) add(name string, counts signal.Counts, r *Rollout) {
	missing := map[string]bool{}
	for _, m := range counts.Missing {
		if slices.Contains(r.watches(name), m.Metric) {
			continue
		}
		if m.Arm == target.Baseline && (r.Baseline == nil || t.Weight >= 100) {
			continue
		}
		missing[m.Metric] = true
		if t.Missing == nil {
			t.Missing = map[string][]signal.Missing{}
		}
		t.Missing[name] = append(t.Missing[name], m)
	}
	arms := map[string]*judge.Counts{}
	var order []string
	for _, c := range counts.Counts {
		if missing[c.Metric] || slices.Contains(r.watches(name), c.Metric) {
			continue
		}
		pair := arms[c.Metric]
		if pair == nil {
			pair = &judge.Counts{Metric: c.Metric}
			arms[c.Metric] = pair
			order = append(order, c.Metric)
		}
		switch c.Arm {
		case target.Canary:
			pair.BadCanary, pair.TotalCanary = c.Bad, c.Total
		case target.Baseline:
			pair.BadBaseline, pair.TotalBaseline = c.Bad, c.Total
		}
	}
	for _, metric := range order {
		t.Input.Counts = append(t.Input.Counts, *arms[metric])
	}
}

// soak is how much of the time since the last look was observed: none when the
// gap is longer than two intervals or the clock went back (design, decision 9).
func soak(last, now time.Time, interval time.Duration) time.Duration {
	gap := now.Sub(last)
	if last.IsZero() || gap < 0 || gap > 2*interval+interval/2 {
		return 0
	}
	return gap
}

// tickTime is the look's time for the judge, in seconds; it always grows, even
// when the clock was set back.
func tickTime(r *Rollout, now time.Time) float64 {
	at := float64(now.UnixMicro()) / 1e6
	if r.LastTick != nil && at <= r.LastTick.Input.At {
		at = r.LastTick.Input.At + 0.001
	}
	return at
}
