package presence

import (
	"context"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// lookEvery is the time between two looks of Live at the leases.
const lookEvery = time.Second

// Live returns an agent that want accepts and that lives, and whether there is
// one. A nil want accepts every agent.
//
// It compares no clock of another machine: an agent lives when its lease changes
// while this observer looks. So the answer takes from nothing, where no agent
// holds a lease, over about Every, where one lives, to the lease's TTL, where one
// was killed. The context bounds it; an error is the ledger's or the context's,
// and never a yes.
func Live(ctx context.Context, l ledger.Ledger, c clock.Clock, want func(Agent) bool) (Agent, bool, error) {
	agents, err := List(ctx, l)
	if err != nil {
		return Agent{}, false, err
	}
	w := &Watcher{Ledger: l, Clock: c}
	for {
		pending := false
		for _, a := range agents {
			if want != nil && !want(a) {
				continue
			}
			s, err := w.Look(ctx, a)
			switch {
			case err != nil:
				return Agent{}, false, err
			case s == Lives:
				return a, true, nil
			case s == Unsure:
				pending = true
			}
		}
		if !pending {
			return Agent{}, false, nil
		}
		if err := c.Sleep(ctx, lookEvery); err != nil {
			return Agent{}, false, err
		}
	}
}

// Sign is what an observer knows of an agent.
type Sign string

// Signs of life.
const (
	// Lives: its lease changed within its TTL while this observer looked.
	Lives Sign = "lives"
	// Unsure: its lease is held, and the observer has not looked for a TTL yet.
	Unsure Sign = "unsure"
	// Gone: nobody holds its lease, or it has not changed for its TTL.
	Gone Sign = "gone"
)

// Watcher remembers what it saw of agents' leases. It is used by one goroutine.
type Watcher struct {
	Ledger ledger.Ledger
	Clock  clock.Clock

	seen map[string]*sighting
}

type sighting struct {
	watch ledger.Watch
	last  ledger.Lease
	moved bool
}

// Look reads the agent's lease once and says what is known of the agent by now.
// It goes through an agent's whole lease in as many calls as the caller likes.
func (w *Watcher) Look(ctx context.Context, a Agent) (Sign, error) {
	lease, err := w.Ledger.Lease(ctx, a.LeaseName())
	if err != nil {
		return Unsure, err
	}
	if w.seen == nil {
		w.seen = map[string]*sighting{}
	}
	s := w.seen[a.Name]
	if s == nil {
		s = &sighting{last: lease}
		w.seen[a.Name] = s
	}
	left := s.watch.Observe(lease, w.Clock.Now())
	s.moved = left > 0 && (s.moved || s.last != lease)
	s.last = lease
	switch {
	case left == 0:
		return Gone, nil
	case s.moved:
		return Lives, nil
	default:
		return Unsure, nil
	}
}
