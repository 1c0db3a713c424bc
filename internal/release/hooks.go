package release

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// Hooks tell whoever runs an Engine for long, such as an agent, what its drivers
// do. Each may be nil. They are called by the driver's goroutine and must return at
// once; they change nothing.
type Hooks struct {
	// Taken is told the lease of a release that a driver has taken.
	Taken func(Key, ledger.Lease)
	// Recorded is told each record of a rollout that is driven, once it is in the history.
	// Rollouts over many targets call it from several goroutines, and a revert waits for it.
	Recorded func(Recorded)
	// Looked is told each look at the target and the signals.
	Looked func(Looked)
	// Waiting is told that a rollout that is to begin waits for its turn at a target whose
	// calls many share, and again when its place has changed.
	Waiting func(Waiting)
	// Away is told that a driver goes on without its ledger, and why (Engine.Steady).
	Away func(Key, error)
	// Closed is told that a rollout has ended and that the streams' heads should be
	// anchored. Where it is nil the driver anchors them itself, at once.
	Closed func()
}

// Recorded is one record, and where the rollout stands behind it.
type Recorded struct {
	Key     Key
	Rollout int
	Kind    string
	// State, Cause and Reason are those of the rollout now.
	State  State
	Cause  Cause
	Reason string
	// Fence is the driver's, and Own whether it has appended the record itself.
	Fence uint64
	Own   bool
	// History is with the record, for reading within the call.
	History *History
	Record  ledger.Record
}

// Looked is one look.
type Looked struct {
	Key     Key
	Rollout int
	// Late is how much later than due the look began, and Took how long it lasted,
	// with its record.
	Late, Took time.Duration
}

// Waiting is a place among those who share the calls that a target's runtime takes.
type Waiting struct {
	Key Key
	// Ahead is how many that are to begin are before it.
	Ahead int
	// Where says what is shared: "the account 123456789012, eu-central-1".
	Where string
	// Since is when it came.
	Since time.Time
}

// errHandOver stops a driver between two effects.
var errHandOver = fmt.Errorf("this process stops and leaves the rollout to the next driver: %w", context.Canceled)

// stopping reports whether the engine's drivers are to hand over.
func (e *Engine) stopping() bool { return e.HandOver != nil && e.HandOver.Err() != nil }

// untilHandOver gives a context that ends, too, when drivers are to hand over.
func (e *Engine) untilHandOver(ctx context.Context) (context.Context, context.CancelFunc) {
	if e.HandOver == nil {
		return ctx, func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(e.HandOver, cancel)
	return ctx, func() { stop(); cancel() }
}

// recorded tells of a record that is in the history now.
func (d *driver) recorded(rec ledger.Record, own bool) {
	last := d.h.Last()
	if d.e.Hooks.Recorded == nil || last == nil {
		return
	}
	d.e.Hooks.Recorded(Recorded{
		Key: d.key, Rollout: last.Number, Kind: rec.Kind, State: last.State, Cause: last.Cause, Reason: last.Reason,
		Fence: d.lease.Fence, Own: own, History: d.h, Record: rec,
	})
}

// timed is measure, told to whoever watches the time.
func (d *driver) timed(ctx context.Context) error {
	begun, number := d.e.Clock.Now(), d.h.Open().Number
	err := d.measure(ctx)
	if d.e.Hooks.Looked != nil && !errors.Is(err, errAgain) {
		looked := Looked{Key: d.key, Rollout: number, Took: d.e.Clock.Now().Sub(begun)}
		if !d.due.IsZero() {
			looked.Late = max(begun.Sub(d.due), 0)
		}
		d.e.Hooks.Looked(looked)
	}
	d.due = time.Time{}
	return err
}
