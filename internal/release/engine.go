package release

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/check"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// Defaults of an Engine.
const (
	DefaultLeaseTTL    = 30 * time.Second
	DefaultCallTimeout = 10 * time.Second
	// revertPatience is the longest that a revert waits for the ledger.
	revertPatience = time.Second
	// interruptGrace is how long an interrupted driver goes on with a revert.
	interruptGrace = 10 * time.Second
	// shortestWait keeps a driver from spinning on a time that has just come.
	shortestWait = 10 * time.Millisecond
)

// Engine makes releases true. All fields are set before the first call and none
// is changed after it. It is safe for concurrent use; two calls for one release
// exclude each other by the release's lease.
type Engine struct {
	Ledger  ledger.Ledger
	Clock   clock.Clock
	Targets target.Registry
	Signals signal.Registry
	// Gates are asked in order before a forward rollout begins and before each of
	// its steps.
	Gates []gate.Gate
	// After is asked once a forward rollout has succeeded, nil for nothing. It decides
	// nothing: the results are recorded, and those that do not pass are warnings. It
	// must return within a call's time.
	After func(ctx context.Context, subject gate.Subject) []gate.Result
	// Checks makes the attempts of steps that are checks. Without it none passes.
	Checks check.Runner
	// Actor is who acts, for the record: "ci@acme".
	Actor string
	// Holder names this process and no other, for leases.
	Holder    string
	UserAgent string
	// LeaseTTL is after how long without a sign of life another driver may take
	// over; 0 takes DefaultLeaseTTL.
	LeaseTTL time.Duration
	// CallTimeout bounds one call to a target; 0 takes DefaultCallTimeout.
	CallTimeout time.Duration
	// SpoolDir is where the records of a revert wait while the ledger is away;
	// empty keeps them in memory only.
	SpoolDir string
	// Leaser, where it is set, takes the leases, under Holder. It remembers since when
	// another's lease has not changed, so that whoever has looked before need not wait
	// for a whole term once more. No two calls for one release may then run at once.
	Leaser *ledger.Leaser
	// Impatient makes a release that somebody else drives *ledger.HeldError at once,
	// instead of waiting for a term to see whether they live.
	Impatient bool
	// HandOver, once it has ended, makes every driver stop at the next point between
	// two effects, with *InterruptedError; what goes back goes on. Nil for never. A
	// call's own context is the harder word: it cuts short what is under way.
	HandOver context.Context
	Hooks    Hooks
	// Steady makes the driver of a rollout that goes forward stay with it while the ledger
	// is away: it looks on, and goes back where it finds harm. It is for processes that
	// live as long as they are let; others return the ledger's error at once.
	Steady bool
	// Memory, where it is set, is what DriveFor knows of a rollout when the ledger is away,
	// and the ledger's UUID.
	Memory *Memory

	// onDecide, where a test sets it, is told each decision before it is carried out.
	onDecide func(Decision)
}

func (e *Engine) leaseTTL() time.Duration {
	if e.LeaseTTL > 0 {
		return e.LeaseTTL
	}
	return DefaultLeaseTTL
}

func (e *Engine) callTimeout() time.Duration {
	if e.CallTimeout > 0 {
		return e.CallTimeout
	}
	return DefaultCallTimeout
}

// Load folds a release's stream. It is ErrUnknown when the ledger has never heard
// of the release.
func (e *Engine) Load(ctx context.Context, key Key) (*History, error) {
	h, err := e.load(ctx, key)
	if err == nil && h.Seq == 0 {
		return nil, fmt.Errorf("%w: %s", ErrUnknown, key)
	}
	return h, err
}

func (e *Engine) load(ctx context.Context, key Key) (*History, error) {
	return read(ctx, e.Ledger, key)
}

// entry makes a record of the release's stream out of a body. A record that is
// about one rollout carries its number (0 for those that are not), so that one
// that comes late, from a spool or an overtaken driver, is never taken for a word
// about the rollout after.
func (e *Engine) entry(key Key, kind string, rollout int, body any) (ledger.Entry, error) {
	raw, err := json.Marshal(body)
	if err != nil {
		return ledger.Entry{}, fmt.Errorf("unable to write the record %s: %w", kind, err)
	}
	if rollout > 0 {
		raw = append(fmt.Appendf(nil, `{"rollout":%d,`, rollout), raw[1:]...)
	}
	return ledger.Entry{
		ID: uuid.NewString(), Kind: kind, At: e.Clock.Now(), Actor: e.Actor,
		Service: key.Service, Environment: key.Environment, Body: raw,
	}, nil
}

// note appends a record that needs no lease, such as a person's word, wherever
// the stream ends. It repeats the append while others append too, and once more
// when the outcome is unknown, since appends are idempotent by id.
func (e *Engine) note(ctx context.Context, key Key, kind string, rollout int, body any) error {
	entry, err := e.entry(key, kind, rollout, body)
	if err != nil {
		return err
	}
	err = appendAtEnd(ctx, e.Ledger, key.Stream(), entry)
	if err != nil && !known(err) && ctx.Err() == nil {
		err = appendAtEnd(ctx, e.Ledger, key.Stream(), entry)
	}
	return err
}

// acquire takes the release's lease, waiting for at most one TTL to see whether
// its holder still lives. While the holder does, it is *ledger.HeldError.
func (e *Engine) acquire(ctx context.Context, leaser *ledger.Leaser, key Key) (ledger.Lease, error) {
	start := e.Clock.Now()
	for {
		lease, err := leaser.Acquire(ctx, key.LeaseName(), e.leaseTTL())
		var held *ledger.HeldError
		if !errors.As(err, &held) {
			return lease, err
		}
		if held.Lease.Holder == "" {
			// Whoever was quicker has given it back already.
			continue
		}
		if e.Impatient || e.Clock.Now().Sub(start) > held.Lease.TTL+held.Lease.TTL/4 {
			return ledger.Lease{}, err
		}
		if err := e.Clock.Sleep(ctx, min(held.Left, held.Lease.TTL/5)); err != nil {
			return ledger.Lease{}, held
		}
	}
}

// Describe says what the ledger knows of a release and, when look is true, what
// its target says.
func (e *Engine) Describe(ctx context.Context, key Key, look bool) (Status, error) {
	h, err := e.Load(ctx, key)
	if err != nil {
		return Status{}, err
	}
	lease, err := e.Ledger.Lease(ctx, key.LeaseName())
	if err != nil {
		return Status{}, err
	}
	s := Status{Key: key, History: h, Payload: h.Serving(), State: "steady", Last: h.Last(), Lease: lease}
	if open := h.Open(); open != nil {
		s.Payload, s.State = &open.Spec.Payload, string(open.State)
	}
	if look && h.Spec != nil && h.Spec.Waved() {
		s.Parts, s.LookErr = e.LookAtTargets(ctx, *h.Spec), manyTargets(*h.Spec, "compared")
	} else if look && h.Spec != nil {
		s.Serving, s.LookErr = e.look(ctx, h.Spec.Target)
	}
	return s, nil
}

// Status is what Describe finds.
type Status struct {
	Key     Key
	History *History
	// Payload is the registered wish, nil when nothing was released yet.
	Payload *artifact.Payload
	// State is "steady", or that of the open rollout.
	State string
	// Serving is what the target says; nil when it was not asked or LookErr says
	// why it could not answer.
	Serving *target.Observation
	LookErr error
	// Parts are what the targets of a release over many say, in their order.
	Parts []PartLook
	Last  *Rollout
	Lease ledger.Lease
}

// look observes a target once, within the bound of one call.
func (e *Engine) look(ctx context.Context, c target.Config) (*target.Observation, error) {
	t, err := e.Targets.Open(ctx, c, e.targetDeps())
	if err != nil {
		return nil, err
	}
	return e.lookAt(ctx, t)
}

// lookAt is look at a target that is open.
func (e *Engine) lookAt(ctx context.Context, t target.Target) (*target.Observation, error) {
	ctx, cancel := context.WithTimeout(ctx, e.callTimeout())
	defer cancel()
	obs, err := t.Observe(ctx)
	if err != nil {
		return nil, err
	}
	return &obs, nil
}

func (e *Engine) targetDeps() target.Deps {
	return target.Deps{Clock: e.Clock, UserAgent: e.UserAgent, Actor: e.Actor}
}

// targetDepsOf names the release to the driver of its target.
func (e *Engine) targetDepsOf(key Key) target.Deps {
	deps := e.targetDeps()
	deps.Subject, deps.Release = key.String(), key.String()
	return deps
}

func (e *Engine) signalDeps() signal.Deps {
	return signal.Deps{Clock: e.Clock, UserAgent: e.UserAgent, Actor: e.Actor}
}
