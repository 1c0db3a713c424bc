package agent

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/agent/presence"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/mem"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

var epoch = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

// shelf is a ledger that counts how it is read.
type shelf struct {
	*mem.Ledger
	t              *testing.T
	heads, queries int
}

func (s *shelf) Heads(ctx context.Context, prefix string) ([]ledger.Record, error) {
	s.heads++
	return s.Ledger.Heads(ctx, prefix)
}

func (s *shelf) Query(ctx context.Context, f ledger.Filter) ([]ledger.Record, error) {
	s.queries++
	return s.Ledger.Query(ctx, f)
}

func (s *shelf) Read(context.Context, string, uint64) ([]ledger.Record, error) {
	s.t.Error("a look for work reads a stream")
	return nil, nil
}

// put appends a record of a kind; the number is that of the one before.
func (s *shelf) put(stream string, after uint64, kind string, at time.Time) {
	s.t.Helper()
	_, err := s.Append(s.t.Context(), "release/"+stream, after, ledger.Entry{ID: kind, Kind: kind, At: at, Actor: "x", Body: json.RawMessage(`{}`)})
	if err != nil {
		s.t.Fatal(err)
	}
}

func names(all []found) string {
	var out []string
	for _, f := range all {
		text := f.key.String()
		if f.urgent {
			text += "!"
		}
		if !f.sure {
			text += "?"
		}
		out = append(out, text)
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func TestTheFinder(t *testing.T) {
	t.Parallel()
	s := &shelf{Ledger: mem.New(epoch), t: t}
	c := clock.NewFake(epoch.Add(time.Hour))
	f := finder{ledger: s, clock: c, self: presence.Agent{Environments: []string{"p"}}}
	look := func(want string) {
		t.Helper()
		got, err := f.next(t.Context())
		if err != nil || names(got) != want {
			t.Errorf("got %q, %v; want %q", names(got), err, want)
		}
	}
	for stream, kind := range map[string]string{
		"adopted/p": release.KindAdopted, "done/p": "rollout.succeeded", "gone/p": "rollout.rolled_back", "edited/p": release.KindSpecified,
		"open/p": release.KindOpened, "ticks/p": release.KindTick, "back/p": "rollout.reverting", "elsewhere/q": release.KindOpened,
		"asked/p": release.KindBackRequested, "waves/p/eu": release.KindIntent, "bad/p": release.KindQuarantined,
	} {
		s.put(stream, 0, kind, epoch)
	}
	look("asked/p!? back/p! bad/p? open/p ticks/p? waves/p/eu?")
	look("")
	now := c.Now()
	s.put("adopted/p", 1, release.KindOpened, now)
	s.put("open/p", 1, release.KindAbortRequested, now)
	// Its writer's clock is ten minutes behind, and this one's a day.
	s.put("done/p", 1, release.KindOpened, now.Add(-10*time.Minute))
	s.put("gone/p", 1, release.KindOpened, now.Add(-24*time.Hour))
	c.Advance(2 * time.Second)
	look("adopted/p open/p!?")
	c.Advance(longEvery)
	look("done/p")
	if s.heads != 1 || s.queries != 3 {
		t.Errorf("%d times all heads, %d queries", s.heads, s.queries)
	}
	c.Advance(sweepEvery)
	look("gone/p")
}

func TestWhoseTurnItIs(t *testing.T) {
	t.Parallel()
	w := newWork(2)
	k := func(name string) release.Key { return release.Key{Service: name, Environment: "p"} }
	w.add([]found{
		{key: k("c"), at: epoch.Add(3 * time.Second)}, {key: k("a"), at: epoch.Add(time.Second)}, {key: k("b"), at: epoch.Add(2 * time.Second)},
		{key: k("z"), at: epoch.Add(time.Hour), urgent: true}, {key: k("a").Part("eu"), at: epoch},
	})
	due := func(want string) []*item {
		t.Helper()
		var got []string
		items := w.due(epoch)
		for _, it := range items {
			got = append(got, it.key.String())
		}
		if strings.Join(got, " ") != want {
			t.Errorf("got %v, want %s", got, want)
		}
		w.ending.Add(-len(items))
		return items
	}
	// What goes back is first, then the oldest; a target waits for its release.
	items := due("z/p a/p")
	due("")
	w.done(items[0])
	due("b/p")
	// What came while it was driven is looked at again.
	w.add([]found{{key: k("a"), at: epoch}})
	w.done(items[1])
	due("a/p")
	if pause := w.rest(w.items[k("b")], epoch); pause < time.Second || pause > 2*time.Second {
		t.Errorf("it rests for %s", pause)
	}
	due("c/p")
	if at := w.soonest(epoch.Add(time.Hour)); at.Before(epoch.Add(time.Second)) || at.After(epoch.Add(2*time.Second)) {
		t.Errorf("the next is at %s", at)
	}
	w.hold(w.items[k("c")], epoch.Add(time.Second))
	w.observe(w.items[k("c")], ledger.Lease{Holder: "dead"}, 0, epoch)
	if it := due("c/p"); it[0].from != "dead" {
		t.Errorf("taken from %q", it[0].from)
	}
}
