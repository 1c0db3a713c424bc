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
	"github.com/sluice/terraform-provider-sluice/internal/check"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
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
	// merciful makes it interrupt the driver and let everything through.
	merciful bool
}

func (a *assassin) fault(op, phase string) error {
	if a.where != "" && !a.merciful {
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
		if !a.merciful {
			return errKilled
		}
	}
	return nil
}

// story is a rollout whose end is known.
type story struct {
	name    string
	wish    artifact.Payload
	abortAt string // the effect after which somebody asks to abort
	stopAt  string // the effect after which the first driver is interrupted
	result  release.State
	serves  artifact.Payload
	// asks makes the engine ask after a success.
	asks bool
	// steps is the strategy's number of them, 3 where 0, and set makes it.
	steps int
	set   func(s *strategy.Definition)
	// failing is the check that does not pass, and person whether somebody resumes
	// what waits for that.
	failing string
	person  bool
}

// request asks for the story's release.
func (s story) request() release.ShipRequest {
	req := patient(s.wish)
	if s.set != nil {
		s.set(&req.Spec.Strategy)
	}
	return req
}

var stories = []story{
	{name: "to success", wish: good, result: release.Succeeded, serves: good},
	{name: "to rollback", wish: bad, result: release.RolledBack, serves: old},
	{name: "to abort", wish: good, abortAt: "apply", result: release.Aborted, serves: old},
	{name: "to abort while preparing", wish: good, abortAt: "prepare", result: release.Aborted, serves: old},
	{name: "through an interrupt while preparing", wish: good, stopAt: "prepare", result: release.Succeeded, serves: good},
	{name: "through an interrupt in mid-step", wish: good, stopAt: "renew", result: release.Succeeded, serves: good},
	{name: "through an interrupt while completing", wish: good, stopAt: "complete", result: release.Succeeded, serves: good},
	{name: "to success, with questions afterwards", wish: good, result: release.Succeeded, serves: good, asks: true},
	{name: "through an interrupt while going back", wish: bad, stopAt: "revert", result: release.RolledBack, serves: old},
	{name: "through every kind of step", wish: good, result: release.Succeeded, serves: good, set: everyKind, steps: 7, person: true},
	{name: "to rollback in a cohort", wish: bad, result: release.RolledBack, serves: old, set: everyKind, person: true},
	{name: "to rollback by a check", wish: good, result: release.RolledBack, serves: old, set: everyKind, person: true, failing: "smoke"},
	{name: "in batches", wish: good, result: release.Succeeded, serves: good, set: inBatches, steps: 4},
	{name: "from blue to green", wish: good, result: release.Succeeded, serves: good, set: blueGreen, steps: 3, person: true},
}

// begin sets the world of a story up, with whoever asks to abort in it.
func (s story) begin(t *testing.T) *world {
	w := newWorld(t)
	w.serve(t, old)
	if s.asks {
		w.after = func(context.Context, gate.Subject) []gate.Result {
			return []gate.Result{{Gate: "dependency", Status: gate.Fail, Reason: "psp is unwell"}}
		}
	}
	if s.failing != "" {
		w.checks[s.failing] = check.Fail
	}
	if s.person {
		w.resumeWhatWaits(t)
	}
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
func (s story) resume(ctx context.Context, w *world, e *release.Engine) error {
	h, err := w.engine("reader", nil).Load(ctx, key)
	switch {
	case errors.Is(err, release.ErrUnknown) || err == nil && len(h.Rollouts) == 0:
		_, err = e.Ship(ctx, s.request())
	case err == nil && h.Open() != nil:
		_, err = e.Continue(ctx, key)
	}
	var ended *release.EndedError
	if errors.As(err, &ended) {
		return nil
	}
	return err
}

// first is the run that a story begins with, which it may interrupt. An interrupt
// leaves a truthful outcome and a rollout that the next run takes up, unless it
// came while the rollout was closing or went back.
func (s story) first(t *testing.T, w *world, killer *assassin) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	killer.cancel = cancel
	asks := w.onEffect
	if s.stopAt != "" {
		w.onEffect = func(verb string) {
			if asks != nil {
				asks(verb)
			}
			if verb == s.stopAt {
				cancel()
			}
		}
	}
	out, err := w.engine("first", killer.fault).Ship(ctx, s.request())
	w.onEffect = asks
	var stopped *release.InterruptedError
	if killer.where != "" || !errors.As(err, &stopped) {
		return
	}
	open := fold(t, w).Open()
	if s.stopAt == "" || open == nil || out.Result != release.Underway || out.Rollout == nil || out.Rollout.State != open.State || !out.Payload.Same(s.wish) {
		t.Errorf("the interrupted run says %s of %v (%v); the ledger says %v", out.Result, out.Rollout, err, brief(open))
	}
}

func TestEveryCrashPointLeadsToTheSameEnd(t *testing.T) {
	for _, s := range stories {
		t.Run(s.name, func(t *testing.T) {
			points := 0
			for n := 1; ; n++ {
				w := s.begin(t)
				killer := &assassin{at: n}
				s.first(t, w, killer)
				if killer.where == "" {
					// It was interrupted or has ended. The killer follows whoever goes on.
					ctx, cancel := context.WithCancel(t.Context())
					killer.cancel = cancel
					_ = s.resume(ctx, w, w.engine("second", killer.fault))
					cancel()
				}
				if killer.where == "" {
					points = n - 1
					s.check(t, w, 0, "without a crash")
					break
				}
				where := fmt.Sprintf("killed at moment %d, %s", n, killer.where)
				if err := s.resume(t.Context(), w, w.engine("third", nil)); err != nil {
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

// An interrupt at any moment leaves the ledger with what the target was told, and
// the next run goes on from there.
func TestAnInterruptAtEveryMomentLeadsToTheSameEnd(t *testing.T) {
	for _, s := range stories[:4] {
		t.Run(s.name, func(t *testing.T) {
			for n := 1; ; n++ {
				w := s.begin(t)
				ctx, cancel := context.WithCancel(t.Context())
				stop := &assassin{at: n, cancel: cancel, merciful: true}
				_, err := w.engine("first", stop.fault).Ship(ctx, s.request())
				cancel()
				if stop.where == "" {
					break
				}
				where := fmt.Sprintf("interrupted at moment %d, %s (%v)", n, stop.where, err)
				if open := fold(t, w).Open(); open != nil && open.Intent == nil && open.Weight != w.share(s.wish) {
					t.Errorf("%s: the ledger says %g %%, the target %g %%", where, open.Weight, w.share(s.wish))
				}
				if open := fold(t, w).Open(); s.abortAt == "" && stop.where == "after apply" && open != nil && open.Intent != nil {
					t.Errorf("%s: the outcome is not in the ledger", where)
				}
				if err := s.resume(t.Context(), w, w.engine("second", nil)); err != nil {
					t.Fatalf("%s: the next run: %v", where, err)
				}
				s.check(t, w, 0, where)
				if t.Failed() {
					t.FailNow()
				}
			}
		})
	}
}

func TestTwoCrashesInARowLeadToTheSameEnd(t *testing.T) {
	for _, s := range stories {
		t.Run(s.name, func(t *testing.T) {
			for n := 1; n < 60; n += 4 {
				for m := 1; m < 12; m += 3 {
					w := s.begin(t)
					where := fmt.Sprintf("killed at moments %d and %d", n, m)
					s.first(t, w, &assassin{at: n})
					ctx, cancel := context.WithCancel(t.Context())
					second := &assassin{at: m, cancel: cancel}
					_, _ = w.engine("second", second.fault).Continue(ctx, key)
					cancel()
					if err := s.resume(t.Context(), w, w.engine("third", nil)); err != nil {
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
	if steps := checkOrder(t, records, where); s.result == release.Succeeded && steps != max(s.steps, 3) {
		t.Errorf("%s: %d of %d steps were walked", where, steps, max(s.steps, 3))
	}
}

// brief names where a rollout ended, for a failure's message.
func brief(r *release.Rollout) string {
	if r == nil {
		return "missing"
	}
	return fmt.Sprintf("%s because of %s: %s", r.State, r.Cause, r.Reason)
}

// checkOrder finds steps that were skipped or repeated, and forward effects after
// an abort. It returns how many steps were walked.
func checkOrder(t *testing.T, records []ledger.Record, where string) (walked int) {
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
	return next
}
