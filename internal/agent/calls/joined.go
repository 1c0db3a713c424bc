// Package calls wraps a ledger for a process that drives many rollouts at once: it
// measures every call, and makes equal reads one.
package calls

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// readBound is the longest that a read which several wait for may take.
const readBound = 30 * time.Second

// Join makes equal reads of declared objects one. Whoever asks while a read is
// under way waits for the one after it, which is then made once for all of them:
// nobody is ever given what was read before they asked, so a hold is seen as soon
// as it would be without.
func Join(l ledger.Ledger) ledger.Ledger {
	return Pace(l, clock.System{}, 0)
}

// Pace is Join that begins equal reads at least every apart, for a ledger that many
// processes ask. Whoever asks in between waits for the next read, up to that long, and so
// is never given what was read before they asked either.
func Pace(l ledger.Ledger, c clock.Clock, every time.Duration) ledger.Ledger {
	return &joined{Ledger: l, clock: c, every: every, flying: map[string]bool{}, waiting: map[string]*flight{}, begun: map[string]time.Time{}}
}

type joined struct {
	ledger.Ledger

	clock clock.Clock
	every time.Duration

	mu sync.Mutex
	// waiting holds, by what is asked for, the read that has not begun yet, flying whether
	// somebody makes it, and begun when the last one began.
	waiting map[string]*flight
	flying  map[string]bool
	begun   map[string]time.Time
}

// Unwrap gives the ledger whose reads are joined.
func (j *joined) Unwrap() ledger.Ledger { return j.Ledger }

// flight is one read and who waits for it.
type flight struct {
	read    func(context.Context) ([]ledger.Record, error)
	done    chan struct{}
	records []ledger.Record
	err     error
}

// Heads implements ledger.Ledger.
func (j *joined) Heads(ctx context.Context, prefix string) ([]ledger.Record, error) {
	return j.join(ctx, "heads "+prefix, func(ctx context.Context) ([]ledger.Record, error) { return j.Ledger.Heads(ctx, prefix) })
}

// Read implements ledger.Ledger. Only what many drivers ask for alike is joined:
// each release's stream has one reader.
func (j *joined) Read(ctx context.Context, stream string, from uint64) ([]ledger.Record, error) {
	if !strings.HasPrefix(stream, ledger.ObjectPrefix) && stream != ledger.LedgerStream {
		return j.Ledger.Read(ctx, stream, from)
	}
	return j.join(ctx, "read "+strconv.FormatUint(from, 10)+" "+stream, func(ctx context.Context) ([]ledger.Record, error) {
		return j.Ledger.Read(ctx, stream, from)
	})
}

// Leases implements ledger.LeaseLister.
func (j *joined) Leases(ctx context.Context, prefix string) ([]ledger.Lease, error) {
	return ledger.Leases(ctx, j.Ledger, prefix)
}

// EveryLease implements ledger.LeaseReader.
func (j *joined) EveryLease(ctx context.Context, prefix string) ([]ledger.Lease, error) {
	return ledger.EveryLease(ctx, j.Ledger, prefix)
}

func (j *joined) join(ctx context.Context, what string, read func(context.Context) ([]ledger.Record, error)) ([]ledger.Record, error) {
	j.mu.Lock()
	f := j.waiting[what]
	if f == nil {
		f = &flight{read: read, done: make(chan struct{})}
		j.waiting[what] = f
		if !j.flying[what] {
			j.flying[what] = true
			go j.fly(what)
		}
	}
	j.mu.Unlock()
	select {
	case <-f.done:
		return slices.Clone(f.records), f.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// fly makes the read that waits, and after it those that were asked for meanwhile. It
// has a context of its own, since whoever began it may give up while others wait.
func (j *joined) fly(what string) {
	for f := j.next(what); f != nil; f = j.next(what) {
		ctx, cancel := context.WithTimeout(context.Background(), readBound)
		f.records, f.err = f.read(ctx)
		cancel()
		close(f.done)
	}
}

// next waits for its time and begins the read that waits then; nil where none does.
func (j *joined) next(what string) *flight {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.waiting[what] == nil {
		delete(j.flying, what)
		return nil
	}
	if last, ok := j.begun[what]; ok && j.every > 0 {
		pause := min(last.Add(j.every).Sub(j.clock.Now()), j.every)
		j.mu.Unlock()
		_ = j.clock.Sleep(context.Background(), max(pause, 0)) // Nobody cuts it short.
		j.mu.Lock()
	}
	f := j.waiting[what]
	delete(j.waiting, what)
	if j.every > 0 {
		j.begun[what] = j.clock.Now()
	}
	return f
}
