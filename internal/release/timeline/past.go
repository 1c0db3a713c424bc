package timeline

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
)

// maxPast is how many of the latest rollouts count: what a service took long ago
// says little of today.
const maxPast = 20

// Legs are the lengths of a strategy's steps, the bake in the last, and where they
// come from.
type Legs struct {
	Lengths []time.Duration
	// Rollouts is how many recorded ones they are the median of; 0 means that they are
	// what the strategy plans at the least.
	Rollouts int
	Strategy string
	// Waits are the steps, from 1 on, in which a person lets the rollout wait, whose
	// length no strategy tells. A recorded rollout has them in it.
	Waits []int
}

// Basis says where the lengths come from.
func (l Legs) Basis() string {
	switch l.Rollouts {
	case 0:
		basis := fmt.Sprintf("the time that the strategy %q plans at the least; no rollout by it is recorded here", l.Strategy)
		for _, n := range l.Waits {
			basis += fmt.Sprintf("; how long step %d waits for a person is not in it", n)
		}
		return basis
	case 1:
		return fmt.Sprintf("the one recorded rollout by the strategy %q", l.Strategy)
	}
	return fmt.Sprintf("the median of %d recorded rollouts by the strategy %q", l.Rollouts, l.Strategy)
}

// Planned are the legs of a strategy as it is written.
func Planned(d strategy.Definition) Legs {
	steps := d.Steps()
	out := Legs{Strategy: d.Name}
	for i, s := range steps {
		length := s.AtLeast
		if i == len(steps)-1 {
			length = max(length, d.BakeTime())
		}
		if s.UntilResumed() {
			out.Waits = append(out.Waits, i+1)
		}
		out.Lengths = append(out.Lengths, length)
	}
	return out
}

// Estimate are the legs of a strategy as recorded rollouts of the release took
// them: the median of each step over the latest that succeeded with a strategy of
// this name and these steps. What they waited for gates is left out, since windows
// are counted on their own. Without any it is what the strategy plans.
func Estimate(ctx context.Context, l ledger.Ledger, key release.Key, d strategy.Definition) (Legs, error) {
	planned := Planned(d)
	records, err := l.Read(ctx, key.Stream(), 1)
	if err != nil {
		return planned, fmt.Errorf("unable to read what rollouts of %s took: %w", key, err)
	}
	wanted := shape(d)
	var all [][]time.Duration
	var open *walked
	for _, rec := range records {
		switch {
		case rec.Kind == release.KindOpened:
			var b release.OpenedBody
			if err := json.Unmarshal(rec.Body, &b); err != nil {
				return planned, fmt.Errorf("unable to read record %d of %s: %w", rec.Seq, key, err)
			}
			open = nil
			if b.Kind == release.Forward && b.Spec.Mode != release.Observe && len(b.Skipped) == 0 && b.Spec.Strategy.Name == d.Name && shape(b.Spec.Strategy) == wanted {
				open = &walked{began: make([]time.Time, len(planned.Lengths)+1), waited: make([]time.Duration, len(planned.Lengths)), opened: rec.At}
			}
		case open == nil:
		default:
			done, err := open.add(rec)
			if err != nil {
				return planned, fmt.Errorf("unable to read record %d of %s: %w", rec.Seq, key, err)
			}
			if done {
				if lengths := open.lengths(); lengths != nil {
					all = append(all, lengths)
				}
				open = nil
			}
		}
	}
	if len(all) == 0 {
		return planned, nil
	}
	all = all[max(0, len(all)-maxPast):]
	out := Legs{Strategy: d.Name, Rollouts: len(all)}
	for i := range planned.Lengths {
		out.Lengths = append(out.Lengths, median(all, i))
	}
	return out, nil
}

// shape tells the steps of two strategies apart, and not how long they stand.
func shape(d strategy.Definition) string {
	var parts []string
	for _, s := range d.Steps() {
		parts = append(parts, fmt.Sprintf("%s %g", s.Kind, s.Traffic.Weight))
	}
	return strings.Join(parts, ",")
}

// walked is a rollout as its records tell of it.
type walked struct {
	opened time.Time
	// began is when each step's effect was seen, and at the end when it was over.
	began  []time.Time
	waited []time.Duration
	// paused is since when it waits for a gate.
	paused time.Time
}

const (
	movePrefix = "rollout."
	effectDone = release.EffectApply
)

// add reads one record, and says whether the rollout has succeeded.
func (w *walked) add(rec ledger.Record) (bool, error) {
	state, isMove := strings.CutPrefix(rec.Kind, movePrefix)
	switch {
	case rec.Kind == release.KindOutcome:
		var b release.OutcomeBody
		if err := json.Unmarshal(rec.Body, &b); err != nil {
			return false, err
		}
		if b.Kind == effectDone && b.Done && b.Step >= 0 && b.Step < len(w.waited) && w.began[b.Step].IsZero() {
			w.began[b.Step] = rec.At
		}
		return false, nil
	case !isMove:
		return false, nil
	}
	var b release.MoveBody
	if err := json.Unmarshal(rec.Body, &b); err != nil {
		return false, err
	}
	if !w.paused.IsZero() {
		w.waited[w.step()] += rec.At.Sub(w.paused)
		w.paused = time.Time{}
	}
	if state == string(release.Paused) && b.Cause == release.CauseGate {
		w.paused = rec.At
	}
	if state != string(release.Succeeded) {
		return false, nil
	}
	w.began[len(w.began)-1] = rec.At
	return true, nil
}

// step is the leg that is under way.
func (w *walked) step() int {
	at := 0
	for i := range w.waited {
		if !w.began[i].IsZero() {
			at = i
		}
	}
	return at
}

// lengths are those of the legs; the first has the preparation in it. Nil where a
// step left no trace.
func (w *walked) lengths() []time.Duration {
	began := slices.Clone(w.began)
	if slices.ContainsFunc(began, time.Time.IsZero) {
		return nil
	}
	began[0] = w.opened
	out := make([]time.Duration, len(w.waited))
	for i := range out {
		out[i] = max(began[i+1].Sub(began[i])-w.waited[i], 0)
	}
	return out
}

// median is of one leg; of an even number the longer one in the middle.
func median(all [][]time.Duration, leg int) time.Duration {
	values := make([]time.Duration, len(all))
	for i := range all {
		values[i] = all[i][leg]
	}
	slices.Sort(values)
	return values[len(values)/2].Round(time.Second)
}

// duration writes a time for people.
func duration(d time.Duration) string {
	if d > time.Minute {
		d = d.Round(time.Minute)
	}
	return field.FormatDuration(d)
}
