package presence

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// The time between two looks of Live at the leases: short while one that lives is bound
// to show itself, and longer for what can only be seen not to.
const (
	quickEvery = 500 * time.Millisecond
	quickFor   = Every + time.Second
	lookEvery  = time.Second
)

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
	if want != nil {
		agents = slices.DeleteFunc(agents, func(a Agent) bool { return !want(a) })
	}
	w := &Watcher{Ledger: l, Clock: c}
	begun := c.Now()
	for len(agents) > 0 {
		signs, err := w.looks(ctx, agents)
		if err != nil {
			return Agent{}, false, err
		}
		var unsure []Agent
		for i, s := range signs {
			switch s {
			case Lives:
				return agents[i], true, nil
			case Unsure:
				unsure = append(unsure, agents[i])
			}
		}
		agents = unsure
		if len(agents) == 0 {
			break
		}
		pause := lookEvery
		if c.Now().Sub(begun) < quickFor {
			pause = quickEvery
		}
		if err := c.Sleep(ctx, pause); err != nil {
			return Agent{}, false, err
		}
	}
	return Agent{}, false, nil
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
	return w.saw(a, lease), nil
}

// looks is Look for many agents, in one call where the ledger has one for it.
func (w *Watcher) looks(ctx context.Context, agents []Agent) ([]Sign, error) {
	out := make([]Sign, len(agents))
	if len(agents) > 1 {
		leases, err := held(ctx, w.Ledger)
		if err == nil {
			for i, a := range agents {
				out[i] = w.saw(a, leases[a.LeaseName()])
			}
			return out, nil
		}
		if !errors.Is(err, errors.ErrUnsupported) {
			return nil, err
		}
	}
	for i, a := range agents {
		var err error
		if out[i], err = w.Look(ctx, a); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// held reads the agents' leases that somebody holds, by name. It is
// errors.ErrUnsupported where the ledger reads one at a time alone.
func held(ctx context.Context, l ledger.Ledger) (map[string]ledger.Lease, error) {
	leases, err := ledger.Leases(ctx, l, Prefix)
	if errors.Is(err, errors.ErrUnsupported) {
		leases, err = ledger.EveryLease(ctx, l, Prefix)
	}
	if err != nil {
		return nil, err
	}
	out := make(map[string]ledger.Lease, len(leases))
	for _, lease := range leases {
		if lease.Holder != "" {
			out[lease.Name] = lease
		}
	}
	return out, nil
}

// saw takes in a lease that was read.
func (w *Watcher) saw(a Agent, lease ledger.Lease) Sign {
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
		return Gone
	case s.moved:
		return Lives
	default:
		return Unsure
	}
}
