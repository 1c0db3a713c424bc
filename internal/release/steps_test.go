package release_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/check"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// Run makes an attempt of a check in the world.
func (w *world) Run(_ context.Context, c check.Check) check.Result {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.checked = append(w.checked, c.Name)
	status := w.checks[c.Name]
	if status == "" {
		status = check.Pass
	}
	return check.Result{Name: c.Name, Status: status, Reason: "status " + string(status)}
}

// resumeWhatWaits is a person who says every half minute to go on.
func (w *world) resumeWhatWaits(t testing.TB) {
	t.Helper()
	kim := w.engine("kim", nil)
	w.clock.after(30*time.Second, func() {
		h := fold(t, w)
		if last := h.Last(); last != nil && last.State.Final() {
			return
		}
		if r := h.Open(); r != nil && r.Cause == release.CausePause && r.Resumed == nil {
			if _, err := kim.Resume(context.Background(), key, "kim", "it looks well"); err != nil {
				t.Error(err)
			}
		}
		w.resumeWhatWaits(t)
	})
}

var (
	ten    = 10.0
	staff  = target.Cohort{Header: "X-Staff", Value: "1"}
	twenty = field.Duration(20 * time.Second)
	smoke  = check.Check{Name: "smoke", URL: "https://checkout.example/healthz", Attempts: 3, Every: field.Duration(3 * time.Second)}
)

func everyKind(s *strategy.Definition) {
	s.Canary = &strategy.Canary{Steps: []strategy.CanaryStep{
		{Cohort: &staff, AtLeast: twenty},
		{Mirror: &ten, AtLeast: twenty},
		{Weight: 10, AtLeast: twenty},
		{Pause: &strategy.Waiting{Duration: twenty}},
		{Check: &smoke},
		{Pause: &strategy.Waiting{}},
		{Weight: 100},
	}}
}

func inBatches(s *strategy.Definition) {
	quarter := 0.25
	s.Canary, s.Rolling = nil, &strategy.Rolling{Batch: &quarter, AtLeast: twenty}
}

func blueGreen(s *strategy.Definition) {
	s.Canary = nil
	s.BlueGreen = &strategy.BlueGreen{Checks: []check.Check{smoke}, Preview: &strategy.Waiting{}, KeepWarm: field.Duration(2 * time.Minute)}
}

// applies lists the traffic that was asked for, step by step.
func applies(t testing.TB, w *world) []string {
	t.Helper()
	var out []string
	for _, rec := range w.records(t) {
		if rec.Kind == release.KindOutcome {
			var b release.OutcomeBody
			decode(t, rec, &b)
			if b.Kind == release.EffectApply {
				state := target.TrafficState{Weight: b.Weight}
				if b.Traffic != nil {
					state = *b.Traffic
				}
				out = append(out, release.TrafficText(state))
			}
		}
	}
	return out
}

func TestEveryKindOfStepIsWalkedInOrder(t *testing.T) {
	w := upgrade(t)
	w.resumeWhatWaits(t)
	req := patient(good)
	everyKind(&req.Spec.Strategy)
	out, err := w.engine("a", nil).Ship(t.Context(), req)
	wantEnd(t, out, err, release.Shipped)
	wantPath(t, w, "preparing", "stepping", "paused awaiting_resume", "stepping", "baking", "completing", "succeeded")
	const staffed = "requests with X-Staff: 1"
	want := []string{
		staffed, staffed + ", and a copy of 10 % of the requests", "10 %, and " + staffed,
		"10 %, and " + staffed, "10 %, and " + staffed, "10 %, and " + staffed, "100 %",
	}
	if got := applies(t, w); !slices.Equal(got, want) {
		t.Errorf("the traffic was\n%s", strings.Join(got, "\n"))
	}
	if !slices.Equal(w.checked, []string{"smoke"}) {
		t.Errorf("checked: %v", w.checked)
	}
	wantServing(t, w, good)
	wantChain(t, w)
}

func TestATimedPauseIsOfObservedTime(t *testing.T) {
	w := upgrade(t)
	req := patient(good)
	req.Spec.Strategy.Canary = &strategy.Canary{Steps: []strategy.CanaryStep{{Weight: 10}, {Pause: &strategy.Waiting{Duration: minutes(5)}}, {Weight: 100}}}
	// Nobody sees the target for ten minutes of the pause.
	w.clock.after(2*time.Minute, func() { w.silent = true })
	w.clock.after(12*time.Minute, func() { w.silent = false })
	out, err := w.engine("a", nil).Ship(t.Context(), req)
	wantEnd(t, out, err, release.Shipped)
	wantPath(t, w, "preparing", "stepping", "paused no_data", "stepping", "baking", "completing", "succeeded")
	if d := took(t, w); d < 15*time.Minute {
		t.Errorf("it took %s: time that nobody observed counted", d)
	}
}

func TestHarmDuringAPauseGoesBack(t *testing.T) {
	w := upgrade(t)
	req := patient(good)
	req.Spec.Strategy.Canary = &strategy.Canary{Steps: []strategy.CanaryStep{{Weight: 10}, {Pause: &strategy.Waiting{}}, {Weight: 100}}}
	w.clock.after(10*time.Minute, func() { w.failing[good.Key()] = 0.3 })
	out, err := w.engine("a", nil).Ship(t.Context(), req)
	wantEnd(t, out, err, release.WentBack)
	wantPath(t, w, "preparing", "stepping", "paused awaiting_resume", "reverting harm", "rolled_back harm")
	wantQuarantine(t, w, good, true)
}

func TestHarmDuringAPauseThatAPersonMustJudge(t *testing.T) {
	w := upgrade(t)
	req := patient(good)
	req.Spec.Irreversible = true
	req.Spec.Strategy.Canary = &strategy.Canary{Steps: []strategy.CanaryStep{{Weight: 10}, {Pause: &strategy.Waiting{}}, {Weight: 100}}}
	whole := 100.0
	req.Spec.Strategy.MaxUnattendedWeight = &whole
	w.clock.after(10*time.Minute, func() { w.failing[good.Key()] = 0.3 })
	out, err := w.engine("a", nil).Ship(until(w, time.Hour), req)
	wantEnd(t, out, err, release.Underway)
	wantPath(t, w, "preparing", "stepping", "paused awaiting_resume", "stepping", "paused needs_a_person")
	_, err = w.engine("kim", nil).Resume(t.Context(), key, "kim", "go on")
	wantRefusal(t, err, "it waits because of needs_a_person: harm", "sluice abort checkout/production --quarantine")
}

func TestAHarmfulArtifactInACohortGoesBack(t *testing.T) {
	w := upgrade(t)
	req := patient(bad)
	everyKind(&req.Spec.Strategy)
	out, err := w.engine("a", nil).Ship(t.Context(), req)
	wantEnd(t, out, err, release.WentBack)
	wantPath(t, w, "preparing", "stepping", "reverting harm", "rolled_back harm")
	wantQuarantine(t, w, bad, true)
	if obs := w.observe(); obs.Exposed() || obs.Traffic != nil {
		t.Errorf("left behind: %+v", obs.Traffic)
	}
	if v := out.Rollout.Harm; v == nil || out.Rollout.Step != 0 {
		t.Errorf("step %d, harm %v", out.Rollout.Step, v)
	}
}

func TestACohortTakenAwayByHandPauses(t *testing.T) {
	w := upgrade(t)
	req := patient(good)
	req.Spec.Strategy.Canary = &strategy.Canary{Steps: []strategy.CanaryStep{{Cohort: &staff, AtLeast: minutes(10)}, {Weight: 100}}}
	w.clock.after(time.Minute, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.count()
		w.machine.State.Extra = nil
		w.machine.State.Generation++
	})
	out, err := w.engine("a", nil).Ship(until(w, 20*time.Minute), req)
	wantEnd(t, out, err, release.Underway)
	wantPath(t, w, "preparing", "stepping", "paused diverged")
	if r := fold(t, w).Open(); !strings.Contains(r.Reason, "it has 1.0.1 at 0 %, the rollout left 1.0.1 at requests with X-Staff: 1") {
		t.Errorf("the reason is %q", r.Reason)
	}
}

func TestAChecksAttempts(t *testing.T) {
	cases := []struct {
		name   string
		status check.Status
		until  time.Duration
		result release.Result
		tries  int
	}{
		{"fails", check.Fail, 0, release.WentBack, 3},
		{"cannot be asked", check.Unknown, 0, release.WentBack, 3},
		{"fails at first", check.Fail, 5 * time.Second, release.Shipped, 3},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := upgrade(t)
			w.checks["smoke"] = c.status
			req := patient(good)
			req.Spec.Strategy.Canary = nil
			req.Spec.Strategy.BlueGreen = &strategy.BlueGreen{Checks: []check.Check{smoke}}
			if c.until > 0 {
				w.clock.after(c.until, func() { w.checks["smoke"] = check.Pass })
			}
			out, err := w.engine("a", nil).Ship(t.Context(), req)
			wantEnd(t, out, err, c.result)
			if len(w.checked) != c.tries {
				t.Errorf("%d attempts, want %d", len(w.checked), c.tries)
			}
			if c.result == release.Shipped {
				return
			}
			wantPath(t, w, "preparing", "stepping", "reverting check_failed", "rolled_back check_failed")
			wantQuarantine(t, w, good, true)
			wantServing(t, w, old)
			want := `the check "smoke" did not pass in 3 attempts: status ` + string(c.status)
			if r := out.Rollout.Reason; r != want {
				t.Errorf("the reason is %q, want %q", r, want)
			}
		})
	}
}

func TestAFailedCheckThatAPersonMustJudge(t *testing.T) {
	w := upgrade(t)
	w.checks["smoke"] = check.Fail
	req := patient(good)
	no := false
	req.Spec.Policy.Automatic = &no
	blueGreen(&req.Spec.Strategy)
	out, err := w.engine("a", nil).Ship(until(w, 20*time.Minute), req)
	wantEnd(t, out, err, release.Underway)
	wantPath(t, w, "preparing", "stepping", "paused needs_a_person")
	wantQuarantine(t, w, good, true)
	_, err = w.engine("kim", nil).Resume(t.Context(), key, "kim", "never mind")
	wantRefusal(t, err, "it waits because of needs_a_person: check_failed", "what hurts users is not passed by a word")
}

func TestAnEngineWithoutChecksPassesNone(t *testing.T) {
	w := upgrade(t)
	req := patient(good)
	blueGreen(&req.Spec.Strategy)
	e := w.engine("a", nil)
	e.Checks = nil
	out, err := e.Ship(t.Context(), req)
	wantEnd(t, out, err, release.WentBack)
	if !strings.Contains(out.Rollout.Reason, "this process has nothing that makes checks") {
		t.Errorf("the reason is %q", out.Rollout.Reason)
	}
}

func TestBatchesAreJudgedOneByOne(t *testing.T) {
	w := upgrade(t)
	req := patient(good)
	inBatches(&req.Spec.Strategy)
	out, err := w.engine("a", nil).Ship(t.Context(), req)
	wantEnd(t, out, err, release.Shipped)
	want := []string{"25 % of the instances", "50 % of the instances", "75 % of the instances", "100 % of the instances"}
	if got := applies(t, w); !slices.Equal(got, want) {
		t.Errorf("the batches were %q", got)
	}
	w = upgrade(t)
	req = patient(bad)
	inBatches(&req.Spec.Strategy)
	out, err = w.engine("a", nil).Ship(t.Context(), req)
	wantEnd(t, out, err, release.WentBack)
	if out.Rollout.Step != 0 {
		t.Errorf("harm was seen in batch %d", out.Rollout.Step+1)
	}
	wantServing(t, w, old)
}

// A batch of a third has no whole instances of four: the weight is the target's.
func TestABatchThatIsNoWholeNumberOfInstances(t *testing.T) {
	w := upgrade(t)
	req := patient(good)
	third := 0.33
	req.Spec.Strategy.Canary, req.Spec.Strategy.Rolling = nil, &strategy.Rolling{Batch: &third, AtLeast: twenty}
	out, err := w.engine("a", nil).Ship(t.Context(), req)
	wantEnd(t, out, err, release.Shipped)
	wantPath(t, w, "preparing", "stepping", "baking", "completing", "succeeded")
}

func TestTheFirstReleaseIsCheckedBeforeAnybodyIsSentThere(t *testing.T) {
	w := newWorld(t)
	w.resumeWhatWaits(t)
	req := patient(good)
	everyKind(&req.Spec.Strategy)
	req.Spec.Strategy.Canary.Steps = slices.Insert(req.Spec.Strategy.Canary.Steps, 0, strategy.CanaryStep{Check: &smoke})
	out, err := w.engine("a", nil).Ship(t.Context(), req)
	wantEnd(t, out, err, release.Shipped)
	if want := []int{1, 2, 3, 4, 5, 6}; !slices.Equal(out.Rollout.Skipped, want) {
		t.Errorf("skipped %v, want %v", out.Rollout.Skipped, want)
	}
	if !slices.Equal(w.checked, []string{"smoke"}) {
		t.Errorf("checked: %v", w.checked)
	}
	w = newWorld(t)
	w.checks["smoke"] = check.Fail
	out, err = w.engine("a", nil).Ship(t.Context(), req)
	wantEnd(t, out, err, release.WentBack)
}

func TestAStepThatMovesNobodyAsksNoGate(t *testing.T) {
	w := upgrade(t)
	hold := &shut{status: gate.Pass}
	w.gates = []gate.Gate{hold}
	w.clock.after(45*time.Second, func() { hold.status, hold.reason = gate.Fail, "a freeze" })
	req := patient(good)
	req.Spec.Strategy.Canary.Steps = []strategy.CanaryStep{{Weight: 10, AtLeast: minutes(2)}, {Check: &smoke}, {Weight: 100}}
	out, err := w.engine("a", nil).Ship(until(w, 20*time.Minute), req)
	wantEnd(t, out, err, release.Underway)
	if r := fold(t, w).Open(); r.Step != 2 || r.Cause != release.CauseGate || len(w.checked) != 1 {
		t.Errorf("it stands at step %d because of %s", r.Step+1, r.Cause)
	}
}

func minutes(n int) field.Duration { return field.Duration(time.Duration(n) * time.Minute) }

func decode(t testing.TB, rec ledger.Record, into any) {
	t.Helper()
	if err := json.Unmarshal(rec.Body, into); err != nil {
		t.Fatal(err)
	}
}

// late appends a record about the first rollout behind everybody's back.
func late(t testing.TB, w *world, kind string, body any) {
	t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	raw = append([]byte(`{"rollout":1,`), raw[1:]...)
	records := w.records(t)
	e := ledger.Entry{ID: "late-" + kind, Kind: kind, At: w.clock.Now(), Actor: "kim", Service: key.Service, Environment: key.Environment, Body: raw}
	if _, err := w.ledger.Append(t.Context(), key.Stream(), records[len(records)-1].Seq, e); err != nil {
		t.Fatal(err)
	}
}
