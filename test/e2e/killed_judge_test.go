//go:build unix

package e2e

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// played is what a rollout came to.
type played struct {
	number int
	// how is all that must not depend on kills: the state, the cause, the effects
	// in order, what serves and what is quarantined.
	how string
	// points is how many the last driver lived through.
	points int
}

// judge holds a rollout that is over against what must be true of it.
func (r *run) judge() played {
	r.Helper()
	h := r.history()
	last := h.Last()
	if last.Number != r.number || last.State != r.ends || last.Cause != r.cause {
		r.Fatalf("rollout %d is %s because of %q (%s); want rollout %d to be %s because of %q\n%s",
			last.Number, last.State, last.Cause, last.Reason, r.number, r.ends, r.cause, r.story())
	}
	serves := r.before
	if r.ends == release.Succeeded {
		serves = r.wish
	}
	if !h.Serving().Same(serves) {
		r.Errorf("the ledger says that %s serves, not %s", h.Serving().Label(), serves.Label())
	}
	obs := r.lab.Status().Observation
	if b := obs.Baseline; b == nil || !b.Payload.Same(serves) || b.Weight != 100 || b.Health != target.Healthy || obs.Canary != nil {
		r.Errorf("the lab has %+v and %+v; the ledger says %s", obs.Baseline, obs.Canary, serves.Label())
	}
	if left, _ := filepath.Glob(filepath.Join(r.dir, "spool", "*")); len(left) > 0 {
		r.Errorf("records are left in %v", left)
	}
	effects := r.checkRecords()
	r.checkCalls()
	if r.Failed() {
		r.Logf("rollout %d:\n%s", r.number, r.story())
	}
	_, quarantined := h.Quarantine[r.wish.Key()]
	return played{number: r.number, points: r.points, how: fmt.Sprintf("%s because of %q; %s; the artifact is quarantined: %t",
		last.State, last.Cause, strings.Join(effects, ", "), quarantined)}
}

// checkRecords finds steps that were skipped, repeated or not soaked, and intents
// that lead forward after an abort. It gives the effects in order.
func (r *run) checkRecords() (effects []string) {
	r.Helper()
	var fence uint64
	steps, passed, soaked := 0, true, 0.0
	wishes := map[string]string{}
	for _, rec := range records(r.T, r.engine.Ledger, r.from) {
		if rec.Fence != 0 && rec.Fence < fence {
			r.Errorf("record %d has the fence %d after %d", rec.Seq, rec.Fence, fence)
		}
		fence = max(fence, rec.Fence)
		switch rec.Kind {
		case release.KindTick:
			var tick release.TickBody
			decode(r.T, rec, &tick)
			soaked += tick.Soak.Std().Seconds()
		case release.KindStepPassed:
			if soaked < 0.3 {
				r.Errorf("record %d passes a step after %g s", rec.Seq, soaked)
			}
			passed = true
		case release.KindIntent:
			e := effectOf(r.T, rec)
			if isForward(e) && r.aborted > 0 && rec.Seq > r.aborted {
				r.Errorf("record %d intends %s after the abort", rec.Seq, e.Key)
			}
			wish := fmt.Sprintf("%s of step %d", e.Kind, e.Step)
			if wishes[wish] != "" {
				r.Errorf("record %d intends the %s anew as %s, which is open as %s", rec.Seq, wish, e.Key, wishes[wish])
			}
			wishes[wish] = e.Key
		case release.KindOutcome:
			e := effectOf(r.T, rec)
			effects = append(effects, fmt.Sprintf("%s %g %%", e.Kind, e.Weight))
			if e.Kind != release.EffectApply {
				continue
			}
			if e.Step != steps || !passed {
				r.Errorf("record %d applies step %d, not %d, and the one before has passed: %t", rec.Seq, e.Step, steps, passed)
			}
			steps, passed, soaked = steps+1, false, 0
		}
	}
	return effects
}

// checkCalls counts what reached the lab: each effect once, and once more at the
// most for each kill of a driver that had it open; nothing forward after a revert
// or an abort, except for what was on its way by then.
func (r *run) checkCalls() {
	r.Helper()
	intents := r.intents()
	times, reverted := map[string]int{}, false
	for n, c := range r.tap.since(r.calls) {
		reverted = reverted || c.verb == "revert"
		if reverted && c.verb == "traffic" || reverted && c.forward() {
			r.Errorf("%s was called after the revert", c.key)
		}
		if r.aborted > 0 && r.calls+n >= r.callsThen && c.forward() && !intents[c.key].openAt(r.aborted) {
			r.Errorf("%s was called after the abort", c.key)
		}
		if r.aborted > 0 && r.calls+n >= r.callsThen && c.verb == "traffic" && c.weight > 50 {
			r.Errorf("%s asked for %g %% after the abort", c.key, c.weight)
		}
		if c.done && !c.renews() {
			times[c.key]++
		}
	}
	for key, n := range times {
		i, known := intents[key]
		if !known {
			r.Errorf("%s has no intent in the ledger", key)
			continue
		}
		allowed := 1
		for _, at := range r.kills {
			if i.openAt(at) {
				allowed++
			}
		}
		if n > allowed {
			r.Errorf("%s was carried out %d times, and its driver was killed %d times over it", key, n, allowed-1)
		}
	}
}

// span is from an intent's record to that of its outcome.
type span struct{ from, to uint64 }

// openAt is true for an intent whose outcome did not stand yet.
func (s span) openAt(seq uint64) bool { return s.from <= seq && (s.to == 0 || seq < s.to) }

// intents finds each intent of the rollout by its key.
func (r *run) intents() map[string]span {
	out := map[string]span{}
	for _, rec := range records(r.T, r.engine.Ledger, r.from) {
		switch {
		case rec.Kind == release.KindIntent:
			out[effectOf(r.T, rec).Key] = span{from: rec.Seq}
		case rec.Kind == release.KindOutcome:
			e := effectOf(r.T, rec)
			out[e.Key] = span{out[e.Key].from, rec.Seq}
		case strings.HasPrefix(rec.Kind, "rollout.") && rec.Kind != release.KindOpened:
			var move release.MoveBody
			if decode(r.T, rec, &move); move.Intent != nil {
				out[move.Intent.Key] = span{from: rec.Seq}
			}
		}
	}
	return out
}

// story tells a rollout's records and calls, for a failure.
func (r *run) story() string {
	var b strings.Builder
	for _, rec := range records(r.T, r.engine.Ledger, r.from) {
		fmt.Fprintf(&b, "%d %s fence %d by %s\n", rec.Seq, rec.Kind, rec.Fence, rec.Actor)
	}
	for _, c := range r.tap.since(r.calls) {
		fmt.Fprintf(&b, "%+v\n", c)
	}
	fmt.Fprintf(&b, "killed at %v, asked to stop at %d\n", r.kills, r.aborted)
	return b.String()
}

func isForward(e release.Effect) bool {
	return e.Kind == release.EffectPrepare || e.Kind == release.EffectApply || e.Kind == release.EffectComplete
}

func effectOf(t *testing.T, rec ledger.Record) (e release.Effect) {
	t.Helper()
	decode(t, rec, &e)
	return e
}

func decode(t *testing.T, rec ledger.Record, into any) {
	t.Helper()
	if err := json.Unmarshal(rec.Body, into); err != nil {
		t.Fatalf("record %d: %v", rec.Seq, err)
	}
}
