package agent_test

import (
	"context"
	"encoding/json"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/agent"
	"github.com/sluice/terraform-provider-sluice/internal/drift"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/mem"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// adopt makes a release out of what serves, with a drift check.
func (w *world) adopt(key release.Key) {
	w.t.Helper()
	w.adoptWith(key, drift.Check{})
}

// adoptWith declares something in the check.
func (w *world) adoptWith(key release.Key, check drift.Check) {
	w.t.Helper()
	check.Name, check.Release = drift.NameOf(key), key
	e := w.engine(w.ledger, "apply")
	if _, err := e.Ship(w.t.Context(), release.ShipRequest{Spec: w.spec(key, old), Owner: release.Owner{ID: "0b8a7a4e-0000-4000-8000-000000000001"}}); err != nil {
		w.t.Fatal(err)
	}
	content, err := json.Marshal(check)
	if err == nil {
		_, err = ledger.PutObject(w.t.Context(), w.ledger, ledger.Put{Kind: drift.ObjectKind, Name: drift.NameOf(key), Content: content, Actor: "apply", At: w.clock.Now()})
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// found is what the records of a check say, in order.
func (w *world) found(key release.Key) []drift.Status {
	w.t.Helper()
	records, err := w.ledger.Read(w.t.Context(), drift.Stream(drift.NameOf(key)), 1)
	if err != nil {
		w.t.Fatal(err)
	}
	var out []drift.Status
	for _, r := range records {
		var report drift.Report
		if err := json.Unmarshal(r.Body, &report); err != nil || r.Kind != drift.KindChecked || r.Fence == 0 {
			w.t.Errorf("record %d: %s, %v", r.Seq, r.Kind, err)
		}
		out = append(out, report.Status)
	}
	return out
}

// Two agents look at the same checks: one does it, what is news is recorded once, and
// the other goes on when the first leaves.
func TestDriftIsRecordedOnceAndWhenItIsNews(t *testing.T) {
	t.Parallel()
	w := newWorld(t, mem.New(time.Now()))
	key, other := keyOf(0), release.Key{Service: "service-00", Environment: "staging"}
	w.adopt(key)
	w.adopt(other)
	often := func(o *agent.Options) { o.DriftEvery = time.Second; o.Self.Environments = []string{"production"} }
	agents := []*runner{w.run("a", often), w.run("b", often)}
	w.until("it is clean", func() bool { return len(w.found(key)) == 1 })
	made := func(r *runner) bool {
		return !contains(scrape(t, r, "/metrics"), `sluice_agent_drift_checks_total{status="clean"} 0`)
	}
	w.until("somebody looked", func() bool { return made(agents[0]) || made(agents[1]) })
	busy, idle := agents[0], agents[1]
	if made(idle) {
		busy, idle = idle, busy
	}
	w.until("it was looked for three times", func() bool {
		return contains(scrape(t, busy, "/metrics"), `sluice_agent_drift_checks_total{status="clean"} 3`)
	})
	if made(idle) {
		t.Error("both look for drift")
	}
	if got := w.found(key); len(got) != 1 || got[0] != drift.StatusClean {
		t.Errorf("what is no news is recorded: %v", got)
	}
	if err := w.target(key.String()).Hand(good, 10); err != nil {
		t.Fatal(err)
	}
	w.until("it has drifted", func() bool { got := w.found(key); return len(got) == 2 && got[1] == drift.StatusDrifted })
	w.until("the metrics say so", func() bool { return contains(scrape(t, busy, "/metrics"), `sluice_agent_drift{status="drifted"} 1`) })
	busy.stop()
	<-busy.done
	w.until("the other one looks", func() bool {
		return !contains(scrape(t, idle, "/metrics"), `sluice_agent_drift_checks_total{status="drifted"} 0`)
	})
	if got := w.found(key); len(got) != 2 {
		t.Errorf("the other one records what is no news: %v", got)
	}
	if got := w.found(other); len(got) != 0 {
		t.Errorf("it looks where it was not told to: %v", got)
	}
}

func TestWhatMovesHasNotDrifted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, mem.New(time.Now()))
	w.bake = 4 * time.Second
	w.adopt(keyOf(0))
	w.begin(keyOf(0), good)
	a := w.run("a", func(o *agent.Options) { o.DriftEvery = time.Second })
	w.until("it bakes", func() bool { return w.history(keyOf(0)).Open().State == release.Baking })
	if got := w.found(keyOf(0)); len(got) != 0 {
		t.Errorf("a rollout that moves is taken for drift: %v", got)
	}
	w.until("it ends and is clean", func() bool { return len(w.found(keyOf(0))) == 1 })
	if got := w.found(keyOf(0)); got[0] != drift.StatusClean {
		t.Errorf("%v\n%s", got, a.log)
	}
}

// queue is a resource of AWS that somebody changed.
type queue struct{ drift.Cloud }

func (queue) Resources(context.Context, release.Key, map[string]drift.Resource) map[string]drift.Content {
	return map[string]drift.Content{"orders": {Bytes: []byte(`{"VisibilityTimeout":45}`)}}
}

// What of AWS no rollout moves is told within one, and is no news when that ends.
func TestDriftOfAWSIsFoundWithinARollout(t *testing.T) {
	t.Parallel()
	w := newWorld(t, mem.New(time.Now()))
	w.bake = 2 * time.Second
	thirty := "30"
	w.adoptWith(keyOf(0), drift.Check{Resources: map[string]drift.Resource{"orders": {
		AWS: json.RawMessage(`{"region":"eu-central-1"}`), Type: "AWS::SQS::Queue", Identifier: "orders", Paths: map[string]drift.Expectation{"VisibilityTimeout": {Equals: &thirty}}}}})
	w.begin(keyOf(0), good)
	var settled atomic.Int32
	w.run("a", func(o *agent.Options) {
		o.DriftEvery = 500 * time.Millisecond
		o.Look = func(l ledger.Ledger) func(context.Context, drift.Check, time.Time) (drift.Report, error) {
			return func(ctx context.Context, c drift.Check, at time.Time) (drift.Report, error) {
				report, err := drift.Looker{Engine: w.engine(l, "a"), Cloud: queue{}}.Look(ctx, c, at)
				if !report.Moving {
					settled.Add(1)
				}
				return report, err
			}
		}
	})
	w.until("it is told within the rollout", func() bool { return len(w.found(keyOf(0))) == 1 && w.history(keyOf(0)).Open() != nil })
	w.until("it was looked for behind it, twice", func() bool { return settled.Load() > 1 })
	if got := w.found(keyOf(0)); len(got) != 1 || got[0] != drift.StatusDrifted {
		t.Errorf("%v", got)
	}
}
