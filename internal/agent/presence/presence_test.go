package presence_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/agent/presence"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/mem"
)

var epoch = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func keeper(l *mem.Ledger, c clock.Clock, name, holder string) *presence.Keeper {
	return &presence.Keeper{Ledger: l.Handle(), Clock: c, Agent: presence.Agent{Name: name}, Actor: "ops@acme", Holder: holder}
}

// beats takes the lease and renews it n times, each Every apart, under c.
func beats(t *testing.T, k *presence.Keeper, c *clock.Fake, n int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		k.Keep(ctx, func(err error) { t.Errorf("keeping %s: %v", k.Agent.Name, err) })
	}()
	for range n {
		waitFor(t, func() bool { return c.Sleepers() > 0 })
		c.Advance(presence.Every)
	}
	waitFor(t, func() bool { return c.Sleepers() > 0 })
	cancel()
	<-ended
}

func waitFor(t *testing.T, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ok(); {
		if time.Now().After(deadline) {
			t.Fatal("waited in vain for ten seconds")
		}
	}
}

func live(t *testing.T, l ledger.Ledger, c clock.Clock, want func(presence.Agent) bool) (presence.Agent, bool) {
	t.Helper()
	a, ok, err := presence.Live(t.Context(), l, c, want)
	if err != nil {
		t.Fatal(err)
	}
	return a, ok
}

func TestNoAgentIsToldAtOnce(t *testing.T) {
	t.Parallel()
	c := clock.NewAuto(epoch)
	if a, ok := live(t, mem.New(epoch), c, nil); ok || !c.Now().Equal(epoch) {
		t.Errorf("%v lives, after %s", a, c.Now().Sub(epoch))
	}
}

func TestAKilledAgentIsGoneAfterItsTerm(t *testing.T) {
	t.Parallel()
	l := mem.New(epoch)
	own := clock.NewFake(epoch)
	k := keeper(l, own, "a", "a 1")
	beats(t, k, own, 3)
	if !k.Held() {
		t.Error("the agent does not know that it holds its lease")
	}
	// The observer's clock is years away, which must not matter.
	c := clock.NewAuto(epoch.AddDate(-7, 0, 0))
	start := c.Now()
	if _, ok := live(t, l, c, nil); ok {
		t.Error("a lease that nobody renews is life")
	}
	if took := c.Now().Sub(start); took < presence.TTL || took > presence.TTL+2*time.Second {
		t.Errorf("it took %s to know", took)
	}
	own.Advance(presence.TTL)
	if k.Held() {
		t.Error("a lease whose term has passed is held")
	}
}

func TestAnAgentThatLeftIsGoneAtOnce(t *testing.T) {
	t.Parallel()
	l := mem.New(epoch)
	own := clock.NewFake(epoch)
	k := keeper(l, own, "a", "a 1")
	beats(t, k, own, 1)
	if err := k.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	c := clock.NewAuto(epoch)
	if _, ok := live(t, l, c, nil); ok || !c.Now().Equal(epoch) || k.Held() {
		t.Errorf("it lives, after %s", c.Now().Sub(epoch))
	}
}

func TestALivingAgentIsSeenByItsBeat(t *testing.T) {
	t.Parallel()
	l := mem.New(epoch)
	own := clock.NewFake(epoch)
	for _, name := range []string{"a", "ab"} {
		k := keeper(l, own, name, name+" 1")
		if name == "ab" {
			k.Agent.Environments = []string{"production"}
		}
		beats(t, k, own, 1)
	}
	w := presence.Watcher{Ledger: l, Clock: clock.NewFake(epoch)}
	ab := presence.Agent{Name: "ab"}
	if s, err := w.Look(t.Context(), ab); err != nil || s != presence.Unsure {
		t.Fatalf("first look: %s, %v", s, err)
	}
	// The beat comes between two looks of the observer.
	looks := 0
	observed := &between{Fake: clock.NewAuto(epoch), do: func() {
		if looks++; looks == 3 {
			beats(t, &presence.Keeper{Ledger: l.Handle(), Clock: own, Agent: presence.Agent{Name: "ab", Environments: []string{"production"}}, Actor: "ops@acme", Holder: "ab 1"}, own, 0)
		}
	}}
	a, ok := live(t, l, observed, func(a presence.Agent) bool { return a.Drives("checkout", "production") })
	if !ok || a.Name != "ab" || looks != 3 {
		t.Errorf("%v, %v after %d looks", a, ok, looks)
	}
	if s, err := w.Look(t.Context(), ab); err != nil || s != presence.Lives {
		t.Errorf("second look: %s, %v", s, err)
	}
}

// between is a clock that does something in each sleep.
type between struct {
	*clock.Fake
	do func()
}

// Sleep implements clock.Clock.
func (b *between) Sleep(ctx context.Context, d time.Duration) error {
	b.do()
	return b.Fake.Sleep(ctx, d)
}

func TestHeartbeatsAreNoRecordsAndAnnouncementsAreRare(t *testing.T) {
	t.Parallel()
	l := mem.New(epoch)
	own := clock.NewFake(epoch)
	k := keeper(l, own, "a", "a 1")
	beats(t, k, own, 5)
	if err := k.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	again := keeper(l, own, "a", "a 2")
	beats(t, again, own, 1)
	if err := again.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	changed := keeper(l, own, "a", "a 3")
	changed.Agent.Services = []string{"checkout"}
	beats(t, changed, own, 0)
	records, err := l.Read(t.Context(), "agent/a", 1)
	if err != nil || len(records) != 2 {
		t.Fatalf("%d records, %v", len(records), err)
	}
	agents, err := presence.List(t.Context(), l)
	if diff := cmp.Diff([]presence.Agent{{Name: "a", Services: []string{"checkout"}}}, agents); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
	if a := agents[0]; !a.Drives("checkout", "x") || a.Drives("basket", "x") {
		t.Error("it drives what it did not say")
	}
}

func TestTwoOfOneNameAreNotBothHeld(t *testing.T) {
	t.Parallel()
	l := mem.New(epoch)
	own := clock.NewFake(epoch)
	beats(t, keeper(l, own, "a", "a 1"), own, 1)
	second := keeper(l, own, "a", "a 2")
	ctx, cancel := context.WithCancel(t.Context())
	var held *ledger.HeldError
	second.Keep(ctx, func(err error) { errors.As(err, &held); cancel() })
	if held == nil || second.Held() {
		t.Errorf("held by another: %v, held by itself: %v", held, second.Held())
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	for name, ok := range map[string]bool{"agent-1": true, "A.b_c": true, "": false, "../x": false, "a/b": false, "-a": false, "ä": false} {
		if err := presence.ValidateName(name); (err == nil) != ok || err != nil && !errors.Is(err, ledger.ErrInvalid) {
			t.Errorf("%q: %v", name, err)
		}
	}
}
