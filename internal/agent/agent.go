// Package agent drives every rollout that it may, beside applies and other agents:
// it finds what is open, takes each by its lease, looks for drift on a schedule, and
// hands over when it is told to stop.
package agent

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/agent/calls"
	"github.com/sluice/terraform-provider-sluice/internal/agent/presence"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/drift"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// Defaults of Options.
const (
	DefaultMaxRollouts = 1000
	DefaultLookEvery   = 2 * time.Second
	DefaultStopWithin  = 25 * time.Second
	// hardStop is what is left of StopWithin when whatever is still under way is cut
	// short. What goes back has its own grace within it.
	hardStop = 12 * time.Second
	// termSlack is the part of LeaseTTL that leases are shorter by.
	termSlack = 10
	// anchorEvery is the time between two checkpoints of the streams' heads.
	anchorEvery = time.Minute
	// sweepEvery is the time between two looks at the heads of all streams, which find
	// what a writer's wrong clock hid from the others.
	sweepEvery = 5 * time.Minute
)

// Options say what an agent does. Ledger, Clock, Self, Engine and Look are needed.
type Options struct {
	Ledger ledger.Ledger
	Clock  clock.Clock
	// Self is what the agent says of itself; its Services and Environments are all
	// that it drives and looks at.
	Self presence.Agent
	// Actor is who it is, for the record, and Holder this process alone.
	Actor, Holder string
	// Engine makes the engine on a ledger. The agent sets what is its own to decide:
	// Clock, Holder, Leaser, Impatient, Steady, Memory, HandOver, Hooks and LeaseTTL, and
	// Ledger where none is set.
	Engine func(ledger.Ledger) *release.Engine
	// Look makes what looks for drift on a ledger.
	Look func(ledger.Ledger) func(context.Context, drift.Check, time.Time) (drift.Report, error)
	// MaxRollouts is how many are driven at once; what goes back is never kept waiting
	// for it. 0 takes the default.
	MaxRollouts int
	// LookEvery is the time between two looks for work, 0 for the default.
	LookEvery time.Duration
	// DriftEvery is the time between two looks at each declared drift check; 0 for
	// never.
	DriftEvery time.Duration
	// StopWithin bounds the time from the end of Run's context to its return.
	StopWithin time.Duration
	// LeaseTTL is within how long another agent takes over, counted from the last sign
	// of life; 0 for the engine's default. The leases themselves are a tenth shorter,
	// since the other one sees that sign a little late, and takes one after another.
	LeaseTTL time.Duration
	// Tell delivers what others are to be told and were not yet; nil where nobody is.
	// Its error is the ledger's. What the engine records itself may be told at once by
	// the ledger that Engine puts around its own.
	Tell func(context.Context) error
	Log  *slog.Logger
}

// Agent is one running agent. It is used for one Run.
type Agent struct {
	opts    Options
	ledger  ledger.Ledger
	engine  *release.Engine
	leaser  *ledger.Leaser
	keeper  *presence.Keeper
	metrics *metrics
	log     *slog.Logger
	look    func(context.Context, drift.Check, time.Time) (drift.Report, error)

	work   *work
	finder finder
	health health
	anchor chan struct{}

	// lists is whether the ledger lists leases in one call, as far as is known, and
	// watchedAt when others' were last looked at. Both are of the loop alone.
	lists     bool
	watchedAt time.Time
	// heldAt is since when another process holds the agent's own lease, of its keeper alone.
	heldAt time.Time
	// clockTrouble is how the clock was when the log last said so. It is of the loop alone.
	clockTrouble clockState
}

// New makes an agent, which does nothing until Run.
func New(opts Options) *Agent {
	if opts.MaxRollouts <= 0 {
		opts.MaxRollouts = DefaultMaxRollouts
	}
	if opts.LookEvery <= 0 {
		opts.LookEvery = DefaultLookEvery
	}
	if opts.StopWithin <= 0 {
		opts.StopWithin = DefaultStopWithin
	}
	if opts.LeaseTTL <= 0 {
		opts.LeaseTTL = release.DefaultLeaseTTL
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	a := &Agent{opts: opts, metrics: newMetrics(), log: opts.Log, anchor: make(chan struct{}, 1), lists: true}
	a.ledger = calls.Join(calls.Measure(opts.Ledger, opts.Clock, a.metrics.called))
	a.leaser = &ledger.Leaser{Ledger: a.ledger, Clock: opts.Clock, Holder: opts.Holder}
	a.keeper = &presence.Keeper{Ledger: a.ledger, Clock: opts.Clock, Agent: opts.Self, Actor: opts.Actor, Holder: opts.Holder}
	a.work = newWork(opts.MaxRollouts)
	a.finder = finder{ledger: a.ledger, clock: opts.Clock, self: opts.Self}
	a.look = opts.Look(a.ledger)
	a.health.start(opts.Clock.Now())
	a.metrics.of(a)
	return a
}

// Run drives until ctx ends. Then it takes nothing new, lets every driver come to the
// next point between two effects, gives the leases back and returns: nil when all of
// that was done within StopWithin. What was cut short is safe, and another driver
// takes it up.
func (a *Agent) Run(ctx context.Context) error {
	drivers, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	a.engine = a.makeEngine(ctx)
	present, leave := context.WithCancel(drivers)
	var loops, lasting sync.WaitGroup
	lasting.Go(func() { a.keeper.Keep(present, a.absent) })
	lasting.Go(func() { a.anchoring(present) })
	loops.Go(func() { a.looking(ctx, drivers) })
	if a.opts.Tell != nil {
		loops.Go(func() { a.telling(ctx) })
	}
	if a.opts.DriftEvery > 0 {
		loops.Go(func() { a.drifting(ctx) })
	}
	a.log.Info("the agent runs", "agent", a.opts.Self.Name, "services", a.opts.Self.Services, "environments", a.opts.Self.Environments, "max_rollouts", a.opts.MaxRollouts)
	<-ctx.Done()
	a.health.stopping()
	a.log.Info("the agent stops and hands over", "rollouts", a.work.driving())
	loops.Wait()
	err := a.drain(cut)
	leave()
	lasting.Wait()
	a.leave(ctx)
	if err == nil {
		a.log.Info("the agent has stopped")
	} else {
		a.log.Warn("the agent has stopped, and not all was handed over", "error", err)
	}
	return err
}

func (a *Agent) makeEngine(handOver context.Context) *release.Engine {
	e := a.opts.Engine(a.ledger)
	if e.Ledger == nil {
		e.Ledger = a.ledger
	}
	e.Clock, e.Holder, e.Leaser, e.Impatient, e.HandOver = a.opts.Clock, a.opts.Holder, a.leaser, true, handOver
	e.LeaseTTL = a.opts.LeaseTTL - a.opts.LeaseTTL/termSlack
	e.Steady, e.Memory = true, &release.Memory{}
	e.Hooks = release.Hooks{Away: a.away, Taken: a.taken, Recorded: a.recorded, Looked: a.metrics.looked, Closed: a.closed}
	return e
}

// absent tells that the agent's own lease could not be kept.
// For one term another process of the same name may be this agent before a restart, whose
// lease a ledger's copy has as well: that is waited out, and no trouble.
func (a *Agent) absent(err error) {
	var other *ledger.HeldError
	now := a.opts.Clock.Now()
	switch {
	case !errors.As(err, &other):
		a.heldAt = time.Time{}
	case a.heldAt.IsZero():
		a.heldAt = now
		fallthrough
	case now.Sub(a.heldAt) <= presence.TTL:
		a.log.Info("waits for the term of the agent's own lease to end", "agent", a.opts.Self.Name, "holder", other.Lease.Holder, "left", other.Left.String())
		return
	}
	a.log.Warn("the agent's own lease is not held", "agent", a.opts.Self.Name, "error", err)
}

// leave gives the agent's own lease back.
func (a *Agent) leave(ctx context.Context) {
	short, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	if err := a.keeper.Release(short); err != nil {
		a.log.Warn("the agent's own lease could not be given back, and expires by itself", "error", err)
	}
}

// closed asks for a checkpoint, soon.
func (a *Agent) closed() {
	select {
	case a.anchor <- struct{}{}:
	default:
	}
}

// anchoring writes a checkpoint when rollouts have ended: one for all that ended in
// the meantime, and a last one when the agent leaves.
func (a *Agent) anchoring(ctx context.Context) {
	for {
		select {
		case <-a.anchor:
		case <-ctx.Done():
			return
		}
		_ = a.opts.Clock.Sleep(ctx, anchorEvery)
		short, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		if _, err := ledger.Checkpoint(short, a.ledger, a.opts.Actor, a.opts.Clock.Now()); err != nil {
			a.log.Warn("the streams' heads could not be anchored", "error", err)
			a.closed()
		}
		cancel()
	}
}
