//go:build unix

package proof

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/all"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/ledgertest/history"
)

// job is what a worker's process is started with.
type job struct {
	URL string
	// Name names this life of this worker and no other, Worker the worker.
	Name   string
	Worker int
	Seed   uint64
	// Log is where it writes down what it asks and is answered.
	Log string
	// Done and Quota are how many of its appends were acknowledged before and are to be
	// in the end.
	Done, Quota int
	Plan        plan
	// Waits is true for one that appends once under a lease, and again when it is told.
	Waits bool
}

// plan is how the appends of all workers are spread over streams.
type plan struct {
	// Lanes are worked on at once, each by its own workers, and at times by others.
	Lanes int
	// Chapter is after how many appends a worker goes on to the lane's next streams. It
	// bounds how much of a history hangs together.
	Chapter int
	// TTL is of leases.
	TTL time.Duration
}

// streams are those of one chapter of a lane: one is appended to under the lease of that
// name as a rule, and both without.
func (plan) lease(lane, chapter int) string { return fmt.Sprintf("proof/%d/%d", lane, chapter) }

func (p plan) stream(lane, chapter, which int) string {
	return fmt.Sprintf("%s/%c", p.lease(lane, chapter), 'a'+which)
}

// patience bounds one append with all its repetitions. Servers come back before that.
const patience = 2 * time.Minute

// worker is one life of a worker.
type worker struct {
	job
	ledger *history.Recorder
	leaser *ledger.Leaser
	clock  clock.Clock
	dice   *rand.Rand
	n      int
	ends   map[string]uint64
	held   map[string]ledger.Lease
	past   []past
}

// past is an append that was acknowledged.
type past struct {
	stream string
	after  uint64
	entry  ledger.Entry
}

func (j job) do(ctx context.Context) error {
	log, err := os.OpenFile(j.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	l, err := j.open(ctx)
	if err != nil {
		return err
	}
	defer l.Close() //nolint:errcheck // What was acknowledged is durable.
	w := &worker{
		job: j, clock: clock.System{}, dice: rand.New(rand.NewPCG(j.Seed, uint64(j.Worker))), //nolint:gosec // Repeatable on purpose.
		ends: map[string]uint64{}, held: map[string]ledger.Lease{},
	}
	var broken error
	w.ledger = &history.Recorder{Ledger: l, Client: j.Name, Now: now, Note: history.Writer(log, func(err error) { broken = err })}
	w.leaser = &ledger.Leaser{Ledger: w.ledger, Clock: w.clock, Holder: j.Name}
	if j.Waits {
		return w.appendWhenTold(ctx)
	}
	for w.Done < w.Quota && err == nil && broken == nil {
		err = w.step(ctx)
	}
	return errors.Join(err, broken)
}

// open opens the ledger, again where a fault strikes even that.
func (j job) open(ctx context.Context) (ledger.Ledger, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		l, err := all.Open(ctx, j.URL, all.Options{MustExist: true, BusyTimeout: 30 * time.Second})
		if err == nil || ctx.Err() != nil {
			return l, err
		}
		_ = (clock.System{}).Sleep(ctx, 20*time.Millisecond)
	}
}

// step does the next thing.
func (w *worker) step(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	lane := w.Worker % w.Plan.Lanes
	if w.dice.IntN(5) == 0 {
		lane = w.dice.IntN(w.Plan.Lanes)
	}
	chapter := w.Done / w.Plan.Chapter
	a, b, lease := w.Plan.stream(lane, chapter, 0), w.Plan.stream(lane, chapter, 1), w.Plan.lease(lane, chapter)
	switch d := w.dice.IntN(100); {
	case d < 45:
		if held, ok := w.drive(ctx, lease); ok {
			return w.append(ctx, a, w.entry(held))
		}
		return w.append(ctx, b, w.entry(ledger.Lease{}))
	case d < 75:
		return w.append(ctx, b, w.entry(ledger.Lease{}))
	case d < 84:
		return w.append(ctx, a, w.entry(ledger.Lease{}))
	case d < 90:
		_, _ = w.ledger.Read(ctx, b, w.ends[b]) // What it says is in the history.
	case d < 93:
		_, _ = w.ledger.Lease(ctx, lease)
	case d < 96 && len(w.past) > 0:
		p := w.past[w.dice.IntN(len(w.past))]
		_, _ = w.ledger.Append(ctx, p.stream, p.after, p.entry)
	default:
		w.handOver(ctx, lease)
	}
	return nil
}

// drive gets the lease: as an apply does when it is free or has expired, and at times as
// a person's abort, at once.
func (w *worker) drive(ctx context.Context, name string) (ledger.Lease, bool) {
	if held, ok := w.held[name]; ok {
		return held, true
	}
	get := w.leaser.Acquire
	if w.dice.IntN(8) == 0 {
		get = w.leaser.Take
	}
	held, err := get(ctx, name, w.Plan.TTL)
	if err != nil {
		return ledger.Lease{}, false
	}
	w.held[name] = held
	return held, true
}

// handOver renews the lease, or gives it back.
func (w *worker) handOver(ctx context.Context, name string) {
	held, ok := w.held[name]
	if !ok {
		return
	}
	if w.dice.IntN(2) == 0 {
		if renewed, err := w.leaser.Renew(ctx, held); err == nil {
			w.held[name] = renewed
			return
		}
	}
	_ = w.leaser.Release(ctx, held)
	delete(w.held, name)
}

func (w *worker) entry(held ledger.Lease) ledger.Entry {
	w.n++
	return ledger.Entry{
		ID: fmt.Sprintf("%s-%d", w.Name, w.n), Kind: "test.done", At: w.clock.Now(), Actor: w.Name,
		Lease: held.Name, Fence: held.Fence, Body: fmt.Appendf(nil, `{"n":%d}`, w.n),
	}
}

// append appends at the end of the stream, as often as it takes to be acknowledged or to
// hear that the lease has gone.
func (w *worker) append(ctx context.Context, stream string, e ledger.Entry) error {
	for pause := 10 * time.Millisecond; ; pause = min(2*pause, 200*time.Millisecond) {
		after := w.ends[stream]
		r, err := w.ledger.Append(ctx, stream, after, e)
		var (
			conflict *ledger.ConflictError
			fenced   *ledger.FencedError
		)
		switch {
		case err == nil:
			w.ends[stream] = r.Seq
			w.Done++
			w.remember(past{stream, after, e})
			return nil
		case errors.As(err, &conflict) && !conflict.Reused:
			w.ends[stream] = conflict.Last
		case errors.As(err, &fenced):
			delete(w.held, e.Lease)
			return nil
		case ctx.Err() != nil:
			return fmt.Errorf("%s: an append was not acknowledged within %s: %w", w.Name, patience, err)
		default:
			// Nobody knows, or the ledger is busy: ask again, by the same id.
			_ = w.clock.Sleep(ctx, pause)
		}
	}
}

// remember keeps the last few appends of this life, to repeat them.
func (w *worker) remember(p past) {
	if len(w.past) == 4 {
		w.past = w.past[1:]
	}
	w.past = append(w.past, p)
}
