package release_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// script is a fake clock whose sleepers meet the events that a test planned for
// the time between.
type script struct {
	*clock.Fake
	mu     sync.Mutex
	events []event
}

type event struct {
	at time.Time
	do func()
}

func newScript(at time.Time) *script { return &script{Fake: clock.NewAuto(at)} }

// after plans an event for a time from now.
func (s *script) after(d time.Duration, do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, event{s.Now().Add(d), do})
	slices.SortStableFunc(s.events, func(a, b event) int { return a.at.Compare(b.at) })
}

// next takes the first event that lies before the instant.
func (s *script) next(until time.Time) (event, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.events) == 0 || s.events[0].at.After(until) {
		return event{}, false
	}
	e := s.events[0]
	s.events = s.events[1:]
	return e, true
}

// Sleep implements clock.Clock.
func (s *script) Sleep(ctx context.Context, d time.Duration) error {
	for {
		e, ok := s.next(s.Now().Add(d))
		if !ok {
			return s.Fake.Sleep(ctx, d)
		}
		// What an event does to the clock leaves the rest of the sleep as long as it is.
		wait := max(e.at.Sub(s.Now()), 0)
		if err := s.Fake.Sleep(ctx, wait); err != nil {
			return err
		}
		d -= wait
		e.do()
	}
}

// The most decisions that a driver may take at one instant of the simulation, and
// within one second of it. A hundred steps without any waiting are the most that
// happens at once.
const (
	mostAtOnce   = 700
	mostInSecond = 900
	// mostInAll is more than any scenario needs, so a driver that waits for ever for
	// what does not come ends too.
	mostInAll = 20_000
)

// guard finds drivers that spin, and notes which rows of the state table were met.
type guard struct {
	t              testing.TB
	mu             sync.Mutex
	at, second     time.Time
	atOnce, within int
	all            int
}

func (g *guard) decided(now time.Time, d release.Decision) {
	met.mark(release.Row{State: d.State, Event: d.Event})
	g.mu.Lock()
	defer g.mu.Unlock()
	g.all++
	g.atOnce++
	g.within++
	if !now.Equal(g.at) {
		g.at, g.atOnce = now, 1
	}
	if gap := now.Sub(g.second); gap < 0 || gap >= time.Second {
		g.second, g.within = now, 1
	}
	if g.atOnce > mostAtOnce || g.within > mostInSecond || g.all > mostInAll {
		// The driver would never come back, so no other way is left to end the test.
		panic(fmt.Sprintf("%s: the driver spins: %s on %s does %s at %s", g.t.Name(), d.State, d.Event, d.Action, now))
	}
}

// rows is the set of table rows that the tests met.
type rows struct {
	mu   sync.Mutex
	seen map[release.Row]bool
}

func (r *rows) mark(row release.Row) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen[row] = true
}

var met = &rows{seen: map[release.Row]bool{}}

// TestMain runs the tests and then wants every row of the state table to have
// been met by one of them: a row that no scenario reaches is a rule that nobody
// has tried. A run of selected tests is not held to that.
func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	if run := flag.Lookup("test.run"); code == 0 && (run == nil || run.Value.String() == "") && !testing.Short() {
		for _, row := range release.Rows() {
			if !met.seen[row] && !row.State.Final() {
				fmt.Printf("no test reaches the row %s, %s of the state table\n", row.State, row.Event)
				code = 1
			}
		}
	}
	os.Exit(code)
}
