package release

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/gate"
	engine "github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

func TestTheWarningSaysWhenARolloutCanStart(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	until := time.Date(2026, 11, 30, 22, 0, 0, 0, berlin)
	spec := engine.Spec{Service: "checkout", Environment: engine.Environment{Name: "production"}, Payload: payload("1.1.0", "a")}
	pass := []gate.Result{{Gate: "quarantine", Status: gate.Pass}, {Gate: "hold", Status: gate.Pass}}
	cases := map[string]struct {
		f    engine.Forecast
		want []string
	}{
		"now": {
			engine.Forecast{Gates: pass, CanStart: true, StartAt: until, Takes: 15 * time.Minute},
			[]string{
				"checkout 1.1.0 can start in production now",
				"  quarantine  pass",
				"  hold        pass",
				"  About 15 min from start to the end of the bake. A rollback is never held up",
				"  by these.",
				"  The plan says this; with -auto-approve it is shown after the apply.",
			},
		},
		"later": {
			engine.Forecast{
				Gates:   append([]gate.Result{{Gate: "window", Status: gate.Fail, Reason: `freeze "black-friday" until then: peak trade (retail-ops)`}}, pass...),
				StartAt: until, Takes: 14*time.Minute + time.Second,
			},
			[]string{
				"checkout 1.1.0 can start in production at 2026-11-30 22:00 Europe/Berlin",
				`  window      fail     freeze "black-friday" until then: peak trade`,
				"                       (retail-ops)",
				"  quarantine  pass",
				"  hold        pass",
				"  About 15 min from start to the end of the bake. A rollback is never held up",
				"  by these.",
				"  The plan says this; with -auto-approve it is shown after the apply.",
			},
		},
		"nobody can tell": {
			engine.Forecast{Gates: []gate.Result{{Gate: "hold", Status: gate.Fail, Reason: "held by ops", Remedy: "sluice hold lift all"}}, Takes: 30 * time.Second},
			[]string{
				"checkout 1.1.0 is blocked in production until somebody acts",
				"  hold        fail     held by ops",
				"                       sluice hold lift all",
				"  About 30s from start to the end of the bake. A rollback is never held up by",
				"  these.",
				"  The plan says this; with -auto-approve it is shown after the apply.",
			},
		},
		"the target is not ready": {
			engine.Forecast{CanStart: true, StartAt: until, Takes: time.Minute, Obstacles: []target.Obstacle{{What: "no room", Remedy: "make some"}}, Warnings: []string{"a note."}},
			[]string{
				"checkout 1.1.0 is blocked in production until somebody acts",
				"  target      fail     no room",
				"                       make some",
				"  Note: a note.",
				"  About 1m from start to the end of the bake. A rollback is never held up by",
				"  these.",
				"  The plan says this; with -auto-approve it is shown after the apply.",
			},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := forecastTitle(spec, tc.f) + "\n" + forecastBody(tc.f)
			if diff := cmp.Diff(strings.Join(tc.want, "\n"), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheWarningAboutAnOpenRolloutSaysWhereItStands(t *testing.T) {
	spec := engine.Spec{Service: "checkout", Environment: engine.Environment{Name: "production"}, Payload: payload("1.1.0", "a")}
	r := &engine.Rollout{Number: 2, Weight: 25, State: engine.Paused, Step: 1, Steps: make([]strategy.Step, 4), OpenedBy: "ci@acme", Reason: "no data for two ticks"}
	got := resumeTitle(spec, r) + "\n" + resumeBody(r, "")
	want := strings.Join([]string{
		"rollout 2 of checkout 1.1.0 in production is open; apply goes on with it",
		"  It stands at 25 % (paused, step 2 of 4), opened by ci@acme.",
		"  no data for two ticks",
		"  The plan says this; with -auto-approve it is shown after the apply.",
	}, "\n")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTheWarningAboutAnOpenRolloutSaysThatAnEditWaits(t *testing.T) {
	r := &engine.Rollout{Number: 2, Weight: 25, State: engine.Stepping, Step: 1, Steps: make([]strategy.Step, 4), OpenedBy: "ci@acme"}
	want := strings.Join([]string{
		"  It stands at 25 % (stepping, step 2 of 4), opened by ci@acme.",
		"  Changed: strategy, signals. The open rollout keeps what it began with; the",
		"  edit holds from the next one on.",
		"  The plan says this; with -auto-approve it is shown after the apply.",
	}, "\n")
	if diff := cmp.Diff(want, resumeBody(r, "strategy, signals")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestADeletionIsRefusedInWordsThatHelp(t *testing.T) {
	key := engine.Key{Service: "checkout", Environment: "production"}
	got := explainDelete(&engine.OpenError{Key: key, Rollout: 3, State: engine.Stepping}, key)
	want := strings.Join([]string{
		"Unable to delete release checkout/production: a rollout is open",
		"What happened: rollout 3 is still open (stepping), and nobody would drive it any more.",
		"What serves is as it was.",
		`What to do: bring it to its end, with: sluice continue checkout/production; or stop it: sluice abort checkout/production --reason "..."; then destroy again`,
	}, "\n")
	if len(got) != 1 {
		t.Fatalf("%v", got)
	}
	if diff := cmp.Diff(want, got[0].Summary()+"\n"+got[0].Detail()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if again := explainDelete(engine.ErrUnknown, key); len(again) != 0 {
		t.Errorf("a release that the ledger does not know is gone already: %v", again)
	}
	if owned := explainDelete(&engine.OwnedError{Key: key, Owner: engine.Owner{ID: "id", Label: "ci@acme"}}, key); owned.HasError() || len(owned) != 1 || !strings.Contains(owned[0].Detail(), "ci@acme (id id)") {
		t.Errorf("%v", owned)
	}
}
