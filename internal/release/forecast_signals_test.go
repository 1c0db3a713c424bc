package release_test

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// A plan says that a signal would refuse the start, as the apply then does; a signal that
// nothing judges by is not asked.
func TestAPlanSaysThatAnAlarmFires(t *testing.T) {
	refusal := &signal.Refusal{Reason: `the alarm "checkout-5xx" fires`, Remedy: "wait until it is over"}
	watching := release.Policy{Name: "ours", Triggers: &release.Triggers{External: alarm}}
	for name, c := range map[string]struct {
		policy    release.Policy
		err       error
		obstacles []target.Obstacle
		warning   string
		asked     int
	}{
		"it fires":       {watching, refusal, []target.Obstacle{{What: `signal "alarms": the alarm "checkout-5xx" fires`, Remedy: "wait until it is over"}}, "", 1},
		"it is quiet":    {watching, nil, nil, "", 1},
		"no answer":      {watching, errors.New("no answer"), nil, `the signal "alarms" could not say whether a rollout may begin now: no answer`, 1},
		"nobody watches": {release.Policy{}, refusal, nil, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := upgrade(t)
			asked := 0
			w.alarms = func() signal.Source { return &starting{alarms: alarms{w}, err: c.err, asked: &asked} }
			req := alarmed(request(good))
			req.Spec.Policy = c.policy
			f, err := w.engine("a", nil).Forecast(t.Context(), req.Spec)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(f.Obstacles, c.obstacles) || asked != c.asked {
				t.Errorf("obstacles %+v after %d questions", f.Obstacles, asked)
			}
			if c.warning != "" && !slices.Contains(f.Warnings, c.warning) || c.warning == "" && strings.Contains(strings.Join(f.Warnings, ""), "alarms") {
				t.Errorf("warnings %q", f.Warnings)
			}
		})
	}
}

// Over many targets a signal that they share is asked once, and one that a target has of its
// own is named after it.
func TestAPlanOverManyTargetsSaysThatAnAlarmFires(t *testing.T) {
	inFleet(t, 3, func(t *testing.T, f *fleet) {
		asked := 0
		e := f.engine("a", nil)
		sim := e.Signals["sim"]
		e.Signals["alarms"] = signal.Driver{Name: "alarms", Validate: sim.Validate, Open: func(context.Context, json.RawMessage, signal.Deps) (signal.Source, error) {
			return &starting{err: &signal.Refusal{Reason: "it fires"}, asked: &asked}, nil
		}}
		req := f.request(good, release.Waves{})
		req.Spec.Policy = release.Policy{Name: "ours", Triggers: &release.Triggers{External: alarm}}
		ours := map[string]signal.Config{"alarms": {Driver: "alarms", Config: json.RawMessage(`{}`)}}
		req.Spec.Signals = ours
		maps.Copy(req.Spec.Signals, req.Spec.Targets[0].Signals)
		req.Spec.Targets[0].Signals, req.Spec.Targets[1].Signals, req.Spec.Targets[2].Signals = nil, nil, ours
		got, err := e.Forecast(t.Context(), req.Spec)
		if err != nil {
			t.Fatal(err)
		}
		var said []string
		for _, o := range got.Obstacles {
			said = append(said, o.What)
		}
		if want := []string{`signal "alarms": it fires`, `cell-3: signal "alarms": it fires`}; !slices.Equal(said, want) || asked != 2 {
			t.Errorf("%q after %d questions, want %q", said, asked, want)
		}
	})
}
