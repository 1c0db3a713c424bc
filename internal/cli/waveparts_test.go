package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
	"github.com/sluice/terraform-provider-sluice/internal/target/sim"
)

// record appends to the stream of the whole release, as its driver would.
func (w *world) record(l ledger.Ledger, seq uint64, kind string, body any) {
	w.t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		w.t.Fatal(err)
	}
	if kind != release.KindOpened {
		raw = append([]byte(`{"rollout":1,`), raw[1:]...)
	}
	e := ledger.Entry{ID: fmt.Sprintf("whole-%d", seq), Kind: kind, At: w.clock.Now(), Actor: "ci@acme", Service: key.Service, Environment: key.Environment, Body: raw}
	if _, err := l.Append(w.t.Context(), key.Stream(), seq, e); err != nil {
		w.t.Fatal(err)
	}
}

// waved gives a release over two targets, of which the first one waits for a person
// and the second has not begun.
func (w *world) waved(t *testing.T) {
	t.Helper()
	whole := spec(good)
	whole.Strategy.Canary.Steps = []strategy.CanaryStep{{Weight: 10}, {Pause: &strategy.Waiting{}}, {Weight: 100}}
	config := whole.Target
	whole.Target.Driver, whole.Target.Config = "", nil
	for _, name := range []string{"eu-1", "us-1"} {
		config.Config = json.RawMessage(`{"name":"` + name + `"}`)
		whole.Targets = append(whole.Targets, release.TargetSpec{Name: name, Target: config})
	}
	whole.Waves = &release.Waves{}
	whole = whole.Normalize()
	w.target.Serve(first)
	if _, err := w.ship(t.Context(), first); err != nil { // It makes the ledger.
		t.Fatal(err)
	}
	l := w.open()
	seq, err := l.Read(t.Context(), key.Stream(), 1)
	if err != nil {
		t.Fatal(err)
	}
	at := uint64(len(seq))
	w.record(l, at, release.KindOpened, release.OpenedBody{Number: 1, Kind: release.Forward, Spec: whole, Owner: owner, Waves: &release.WavesOpening{Order: whole.Names()}})
	w.record(l, at+1, "rollout.stepping", release.MoveBody{From: release.Opened, Event: release.EventWavesBegin})
	w.record(l, at+2, release.KindTargetStarted, release.TargetStartedBody{Target: "eu-1"})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	part, _ := whole.Part("eu-1")
	w.stop = func(verb string) {
		h, err := w.app().engine(l).Load(ctx, part.Key())
		if verb == sim.VerbApply && err == nil && h.Open() != nil && h.Open().State == release.Paused {
			cancel()
		}
	}
	_, err = w.app().engine(l).Ship(ctx, release.ShipRequest{Spec: part, Owner: owner, Within: &release.Within{Rollout: 1, Started: w.clock.Now()}})
	w.stop = nil
	if err == nil {
		t.Fatal("the target did not wait")
	}
}

// A target that waits for a person is told wherever the whole release is shown, and a
// word for the whole lets it go on.
func TestTargetsThatWaitAreTold(t *testing.T) {
	w := newWorld(t)
	w.waved(t)
	const waits = `eu-1 stands still: waits for a person; to go on: sluice resume checkout/production/eu-1 --reason "..."`
	contains(t, w.expect(Done, "status").out, "wave 1 of 2", waits)
	if out := w.expect(Done, "status", "checkout/production").out; strings.Contains(out, "stands still") {
		t.Errorf("its own line says it already: %s", out)
	}

	w.asleep = func() {
		l := w.open()
		records, err := l.Read(t.Context(), key.Stream(), 1)
		if err != nil {
			t.Fatal(err)
		}
		w.record(l, uint64(len(records)), "rollout.errored", release.MoveBody{From: release.Stepping, Event: release.EventWavesStopped, Cause: release.CauseManual, Reason: "enough"})
	}
	r := w.expect(Done, "resume", "checkout/production", "--reason", "all well")
	contains(t, r.out, "The targets of checkout/production that wait for a person now may go on; those that come to wait later need another word. Nobody drives it; to go on: sluice continue checkout/production")
	r = w.expect(Failed, "resume", "checkout/production", "--reason", "again")
	contains(t, r.errors, "no target of it waits for a person now", "sluice status checkout/production")
	if out := w.run("watch", "checkout/production", "--plain").out; strings.Count(out, "eu-1 stands still") != 1 {
		t.Errorf("the watch says\n%s", out)
	}
}

// Whoever reaches the targets stops a release over many without a driver that lives:
// no request is left behind for one to find later.
func TestManyTargetsAreAborted(t *testing.T) {
	w := newWorld(t)
	w.waved(t)
	contains(t, w.expect(Done, "abort", "checkout/production", "--reason", "errors in the shop").out, "Rollout 1 of checkout/production is aborted")
	if o, err := w.target.Observe(t.Context()); err != nil || o.Baseline == nil || o.Baseline.Payload.Version != first.Version || o.Canary != nil && o.Canary.Weight > 0 {
		t.Errorf("the target has %+v, %v", o, err)
	}
}
