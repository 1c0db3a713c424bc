package release_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

var errKilled = errors.New("killed")

// contextUntil returns a context that ends after the n-th effect of a verb, as an
// interrupt would.
func contextUntil(t testing.TB, w *world, verb string, n int) (context.Context, func()) {
	t.Helper()
	ctx, cancel := context.WithCancelCause(context.Background())
	w.onEffect = func(v string) {
		if v == verb {
			if n--; n == 0 {
				cancel(errors.New("interrupt"))
			}
		}
	}
	return ctx, func() { w.onEffect = nil; cancel(nil) }
}

// assassin kills a driver at its n-th moment: before or after an append, a change
// of the lease or an effect. From then on none of its calls reaches anything.
type assassin struct {
	at, seen int
	where    string
	cancel   context.CancelFunc
}

func (a *assassin) fault(op, phase string) error {
	if a.where != "" {
		return errKilled
	}
	switch op {
	case "append", "swap_lease", "prepare", "apply", "complete", "revert", "finalize", "renew":
	default:
		return nil
	}
	a.seen++
	if a.seen == a.at {
		a.where = phase + " " + op
		a.cancel()
		return errKilled
	}
	return nil
}

// story is a rollout whose end is known.
type story struct {
	name    string
	wish    artifact.Payload
	abortAt string // the effect after which somebody asks to abort
	result  release.State
	serves  artifact.Payload
}

var stories = []story{
	{name: "to success", wish: good, result: release.Succeeded, serves: good},
	{name: "to rollback", wish: bad, result: release.RolledBack, serves: old},
	{name: "to abort", wish: good, abortAt: "apply", result: release.Aborted, serves: old},
	{name: "to abort while preparing", wish: good, abortAt: "prepare", result: release.Aborted, serves: old},
}

// begin sets the world of a story up, with whoever asks to abort in it.
func (s story) begin(t *testing.T) *world {
	w := newWorld(t)
	w.serve(t, old)
	if s.abortAt == "" {
		return w
	}
	asked := false
	w.onEffect = func(verb string) {
		if verb != s.abortAt || asked {
			return
		}
		asked = true
		err := w.engine("operator", nil).RequestAbort(context.Background(), key, release.RequestBody{By: "operator", Reason: "no", Cause: release.CauseOperator})
		if err != nil {
			t.Errorf("asking to abort: %v", err)
		}
	}
	return w
}

// patient asks for a release whose dead-man switch outlasts the time in which a
// next driver takes the lease over.
func patient(p artifact.Payload) release.ShipRequest {
	req := request(p)
	req.Spec.Strategy.RevertAfter = field.Duration(10 * time.Minute)
	return req
}

// resume is what the next run does: it opens the rollout when the first one died
// before it could, and goes on with it otherwise.
func resume(w *world, e *release.Engine, wish artifact.Payload) error {
	h, err := e.Load(context.Background(), key)
	switch {
	case errors.Is(err, release.ErrUnknown) || err == nil && len(h.Rollouts) == 0:
		_, err = e.Ship(context.Background(), patient(wish))
	case err == nil && h.Open() != nil:
		_, err = e.Continue(context.Background(), key)
	}
	var ended *release.EndedError
	if errors.As(err, &ended) {
		return nil
	}
	return err
}

func TestEveryCrashPointLeadsToTheSameEnd(t *testing.T) {
	for _, s := range stories {
		t.Run(s.name, func(t *testing.T) {
			points := 0
			for n := 1; ; n++ {
				ctx, cancel := context.WithCancel(t.Context())
				killer := &assassin{at: n, cancel: cancel}
				w := s.begin(t)
				_, err := w.engine("first", killer.fault).Ship(ctx, patient(s.wish))
				cancel()
				if killer.where == "" {
					points = n - 1
					s.check(t, w, 0, fmt.Sprintf("without a crash (%v)", err))
					break
				}
				where := fmt.Sprintf("killed at moment %d, %s", n, killer.where)
				if err := resume(w, w.engine("second", nil), s.wish); err != nil {
					t.Fatalf("%s: the next run: %v", where, err)
				}
				s.check(t, w, 1, where)
				if t.Failed() {
					t.FailNow()
				}
			}
			if points < 20 {
				t.Errorf("only %d moments were tried", points)
			}
			t.Logf("%d moments", points)
		})
	}
}

func TestTwoCrashesInARowLeadToTheSameEnd(t *testing.T) {
	for _, s := range stories {
		t.Run(s.name, func(t *testing.T) {
			for n := 1; n < 60; n += 3 {
				for m := 1; m < 12; m += 2 {
					w := s.begin(t)
					where := fmt.Sprintf("killed at moments %d and %d", n, m)
					ctx, cancel := context.WithCancel(t.Context())
					first := &assassin{at: n, cancel: cancel}
					_, _ = w.engine("first", first.fault).Ship(ctx, patient(s.wish))
					cancel()
					ctx, cancel = context.WithCancel(t.Context())
					second := &assassin{at: m, cancel: cancel}
					_, _ = w.engine("second", second.fault).Continue(ctx, key)
					cancel()
					if err := resume(w, w.engine("third", nil), s.wish); err != nil {
						t.Fatalf("%s: the third run: %v", where, err)
					}
					s.check(t, w, 2, where)
				}
			}
		})
	}
}

// check holds the end of a story against what must be true of it.
func (s story) check(t *testing.T, w *world, crashes int, where string) {
	t.Helper()
	records := w.records(t)
	h, err := release.Fold(key, records)
	if err != nil {
		t.Fatalf("%s: %v", where, err)
	}
	if last := h.Last(); last == nil || last.State != s.result || len(h.Rollouts) != 1 {
		t.Errorf("%s: %d rollouts, the last is %v", where, len(h.Rollouts), brief(last))
		return
	}
	if obs := w.observe(); !release.ServesOnly(obs, s.serves) || obs.Canary != nil {
		t.Errorf("%s: the target has %+v and %+v", where, obs.Baseline, obs.Canary)
	}
	for id, n := range w.calls {
		if n > 1+crashes && !strings.Contains(id, "/renew/") {
			t.Errorf("%s: the effect %s was carried out %d times", where, id, n)
		}
	}
	checkOrder(t, records, where)
}

// brief names where a rollout ended, for a failure's message.
func brief(r *release.Rollout) string {
	if r == nil {
		return "missing"
	}
	return fmt.Sprintf("%s because of %s: %s", r.State, r.Cause, r.Reason)
}

// checkOrder finds steps that were skipped or repeated, and forward effects after
// an abort.
func checkOrder(t *testing.T, records []ledger.Record, where string) {
	t.Helper()
	next, aborted := 0, false
	for _, r := range records {
		var e release.Effect
		switch r.Kind {
		case release.KindAbortRequested:
			aborted = true
		case release.KindIntent, release.KindOutcome:
			if err := json.Unmarshal(r.Body, &e); err != nil {
				t.Fatal(err)
			}
			forward := e.Kind == release.EffectPrepare || e.Kind == release.EffectApply || e.Kind == release.EffectComplete
			if r.Kind == release.KindIntent && forward && aborted {
				t.Errorf("%s: record %d intends %s after the abort", where, r.Seq, e.Kind)
			}
			if r.Kind == release.KindOutcome && e.Kind == release.EffectApply {
				if e.Step != next {
					t.Errorf("%s: record %d applies step %d, not %d", where, r.Seq, e.Step, next)
				}
				next++
			}
		}
	}
}
