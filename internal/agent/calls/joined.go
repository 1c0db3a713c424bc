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

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// readBound is the longest that a read which several wait for may take.
const readBound = 30 * time.Second

// Join makes equal reads of declared objects one. Whoever asks while a read is
// under way waits for the one after it, which is then made once for all of them:
// nobody is ever given what was read before they asked, so a hold is seen as soon
// as it would be without.
func Join(l ledger.Ledger) ledger.Ledger {
	return &joined{Ledger: l, running: map[string]*flight{}, waiting: map[string]*flight{}}
}

type joined struct {
	ledger.Ledger

	mu sync.Mutex
	// running and waiting hold, by what is asked for, the read under way and the one
	// that follows it.
	running, waiting map[string]*flight
}

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

// Unwrap gives the ledger within, for ledger.As.
func (j *joined) Unwrap() ledger.Ledger { return j.Ledger }

// Leases implements ledger.LeaseLister.
func (j *joined) Leases(ctx context.Context, prefix string) ([]ledger.Lease, error) {
	return ledger.Leases(ctx, j.Ledger, prefix)
}

func (j *joined) join(ctx context.Context, what string, read func(context.Context) ([]ledger.Record, error)) ([]ledger.Record, error) {
	j.mu.Lock()
	f := j.waiting[what]
	if f == nil {
		f = &flight{read: read, done: make(chan struct{})}
		if j.running[what] == nil {
			j.running[what] = f
			go j.fly(what, f)
		} else {
			j.waiting[what] = f
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

// fly makes a read, and after it those that were asked for meanwhile. It has a
// context of its own, since whoever began it may give up while others wait.
func (j *joined) fly(what string, f *flight) {
	for f != nil {
		ctx, cancel := context.WithTimeout(context.Background(), readBound)
		f.records, f.err = f.read(ctx)
		cancel()
		close(f.done)
		j.mu.Lock()
		f = j.waiting[what]
		delete(j.waiting, what)
		if f == nil {
			delete(j.running, what)
		} else {
			j.running[what] = f
		}
		j.mu.Unlock()
	}
}
