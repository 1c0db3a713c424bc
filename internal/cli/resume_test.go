package cli

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/check"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
	"github.com/sluice/terraform-provider-sluice/internal/target/sim"
)

// waits ships a payload by a check, a weight and a pause, and stops the driver
// when the rollout waits for a person.
func (w *world) waits(t *testing.T) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(server.Close)
	w.steps = []strategy.CanaryStep{
		{Check: &check.Check{Name: "smoke", URL: server.URL + "/healthz"}}, {Weight: 10}, {Pause: &strategy.Waiting{}}, {Weight: 100},
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	l := w.open()
	w.stop = func(verb string) {
		h, err := w.app().engine(l).Load(ctx, key)
		if verb == sim.VerbApply && err == nil && h.Open() != nil && h.Open().State == release.Paused {
			cancel()
		}
	}
	_, err := w.ship(ctx, good)
	w.stop = nil
	if err == nil {
		t.Fatal("the rollout did not wait")
	}
}

func TestResume(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	r := w.expect(Failed, "resume", "checkout/production", "--reason", "go")
	contains(t, r.errors, "Unable to resume checkout/production: no rollout is open", "sluice status checkout/production")

	w.waits(t)
	golden(t, "waiting-status.txt", w.expect(Done, "status").out)
	golden(t, "waiting-explain.txt", w.expect(Done, "explain", "checkout/production/2").out)
	r = w.expect(Done, "resume", "checkout/production", "--reason", "looked at the basket")
	contains(t, r.out, "Rollout 2 of checkout/production may go on from step 3 of 4. Nobody drives it; to go on: sluice continue checkout/production")
	r = w.expect(Failed, "resume", "checkout/production", "--reason", "again")
	contains(t, r.errors, "kim@acme did so already (looked at the basket)", "sluice continue checkout/production")

	w.expect(Done, "continue", "checkout/production")
	w.serves("1.1.1")
	golden(t, "resumed-explain.txt", w.expect(Done, "explain", "checkout/production/2").out)
}

func TestResumeForScripts(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	w.waits(t)
	free := w.held("ci@acme 4711")
	defer free()
	var out resumedJSON
	if err := json.Unmarshal([]byte(w.expect(Done, "resume", "checkout/production", "--reason", "looked", "--json").out), &out); err != nil {
		t.Fatal(err)
	}
	if out.Driver == nil || *out.Driver != "ci@acme 4711" || out.By != "kim@acme" || out.Reason != "looked" ||
		out.Rollout.StepKind != "pause" || out.Rollout.Step != 3 || out.Rollout.Traffic != "10 %" || out.Rollout.Cause != "awaiting_resume" {
		t.Errorf("%+v, %+v", out, out.Rollout)
	}
}
