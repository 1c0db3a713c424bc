package agent_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/agent"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/mem"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/postgres"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/postgres/pgtest"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// Two agents and an apply for each release, all on one PostgreSQL: whoever is first
// drives, each rollout has one driver at a time, and no effect is made twice.
func TestTwoAgentsAndAppliesBesideEachOther(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	open := func() ledger.Ledger {
		l, err := postgres.Open(t.Context(), server.URL("postgres"), postgres.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close() })
		return l
	}
	w := newWorld(t, open())
	const releases = 12
	agents := []*runner{}
	for _, name := range []string{"a", "b"} {
		agents = append(agents, w.run(name, func(o *agent.Options) { o.Ledger = open(); o.MaxRollouts = releases / 2 }))
	}
	var applies sync.WaitGroup
	for n := range releases {
		if n%3 == 0 {
			w.begin(keyOf(n), good)
			continue
		}
		applies.Go(func() {
			e := w.engine(open(), keyOf(n).Service)
			_, err := e.Ship(t.Context(), release.ShipRequest{Spec: w.spec(keyOf(n), good), Owner: release.Owner{ID: "0b8a7a4e-0000-4000-8000-000000000001"}})
			var held *ledger.HeldError
			var stopped *release.InterruptedError
			if err != nil && !errors.As(err, &held) && !errors.As(err, &stopped) {
				t.Errorf("the apply of %s: %v", keyOf(n), err)
			}
		})
	}
	for n := range releases {
		w.until(keyOf(n).String()+" ends", w.ended(keyOf(n), 1))
	}
	applies.Wait()
	for n := range releases {
		if h := w.history(keyOf(n)); len(h.Rollouts) != 1 || h.Last().State != release.Succeeded {
			t.Errorf("%s: %d rollouts, the last is %s", keyOf(n), len(h.Rollouts), h.Last().State)
		}
		w.wantOneDriver(keyOf(n))
	}
	for _, a := range agents {
		a.stop()
		<-a.done
		if a.err != nil {
			t.Error(a.err)
		}
	}
	// What ended was anchored by the time they left, or is with the next checkpoint.
	if _, err := ledger.Verify(t.Context(), w.ledger, ledger.VerifyOptions{}); err != nil {
		t.Error(err)
	}
}

// closing is a gate that can be shut.
type closing struct {
	mu    sync.Mutex
	shut  bool
	asked int
}

func (*closing) Name() string { return "window" }

func (c *closing) set(shut bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.shut = shut
}

func (c *closing) Check(context.Context, gate.Subject, time.Time) gate.Result {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked++
	if c.shut {
		return gate.Result{Gate: "window", Status: gate.Fail, Reason: "freeze"}
	}
	return gate.Result{Gate: "window", Status: gate.Pass}
}

func TestAClosedWindowIsWaitedForWithoutRecords(t *testing.T) {
	t.Parallel()
	w := newWorld(t, mem.New(time.Now()))
	window := &closing{}
	w.gates = []gate.Gate{window}
	w.begin(keyOf(0), good)
	window.set(true)
	w.run("a", nil)
	w.until("it waits", func() bool { return w.history(keyOf(0)).Open().State == release.Paused })
	before, asked := w.history(keyOf(0)), window.asked
	w.until("it asks some times more", func() bool {
		window.mu.Lock()
		defer window.mu.Unlock()
		return window.asked > asked+3
	})
	// A pause is a state in which the target is still looked at, at most once an interval.
	since := w.clock.Now().Sub(before.Last().MovedAt)
	if grown := w.history(keyOf(0)).Seq - before.Seq; grown > uint64(since/(100*time.Millisecond))+3 {
		t.Errorf("%d records within %s", grown, since)
	}
	window.set(false)
	w.until("it ends", w.ended(keyOf(0), 1))
	if r := w.history(keyOf(0)).Last(); r.State != release.Succeeded {
		t.Errorf("it is %s: %s", r.State, r.Reason)
	}
}

// An agent that is told to stop gives its rollouts back at once, between two effects,
// and the other one goes on without waiting for a term.
func TestAHandOverIsAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, mem.New(time.Now()))
	w.bake = time.Second
	w.begin(keyOf(0), good)
	w.begin(keyOf(1), good)
	// A term that outlasts the test.
	long := func(o *agent.Options) { o.LeaseTTL = time.Hour }
	first := w.run("first", long)
	for n := range 2 {
		w.until("the first drives", func() bool { return w.history(keyOf(n)).Open().State != release.Opened })
	}
	second := w.run("second", long)
	w.until("the second watches", func() bool { return contains(scrape(t, second, "/metrics"), `sluice_agent_rollouts{status="held"} 2`) })
	first.stop()
	<-first.done
	if first.err != nil {
		t.Fatal(first.err)
	}
	for n := range 2 {
		w.until("the second ends it", w.ended(keyOf(n), 1))
		if r := w.history(keyOf(n)).Last(); r.State != release.Succeeded {
			t.Errorf("it is %s: %s", r.State, r.Reason)
		}
		w.wantOneDriver(keyOf(n))
		w.wantNoOpenIntentAtHandOver(keyOf(n))
	}
}

// wantNoOpenIntentAtHandOver fails where a driver began an effect and left it to the
// next one.
func (w *world) wantNoOpenIntentAtHandOver(key release.Key) {
	w.t.Helper()
	records, err := w.ledger.Read(w.t.Context(), key.Stream(), 1)
	if err != nil {
		w.t.Fatal(err)
	}
	for i := 1; i < len(records); i++ {
		if records[i-1].Kind == release.KindIntent && records[i-1].Fence != records[i].Fence {
			w.t.Errorf("%s: record %d is an intent that its driver left", key, records[i-1].Seq)
		}
	}
}
