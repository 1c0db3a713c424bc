package main

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// What stands in a journal. A call is followed by its method and path, an append
// by the record's kind.
const (
	callTarget = "target "
	callSignal = "signal "
	appended   = "append "
	leased     = "lease"
)

// event is something that a driver did.
type event struct {
	at   time.Time
	what string
}

// journal keeps, in order, what one driver did.
type journal struct {
	mu     sync.Mutex
	events []event
}

func (j *journal) note(what string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.events = append(j.events, event{time.Now(), what})
}

// since is what happened from a position on.
func (j *journal) since(from int) []event {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]event(nil), j.events[from:]...)
}

func (j *journal) length() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.events)
}

// count is how many events begin so.
func count(events []event, prefixes ...string) int {
	n := 0
	for _, e := range events {
		for _, prefix := range prefixes {
			if strings.HasPrefix(e.what, prefix) {
				n++
			}
		}
	}
	return n
}

// last is the position of the last event that is this, or -1.
func last(events []event, what string) int {
	for i := len(events) - 1; i >= 0; i-- {
		if events[i].what == what {
			return i
		}
	}
	return -1
}

// watched notes what is written to a ledger.
type watched struct {
	ledger.Ledger
	journal *journal
}

// Append implements ledger.Ledger.
func (w watched) Append(ctx context.Context, stream string, after uint64, e ledger.Entry) (ledger.Record, error) {
	r, err := w.Ledger.Append(ctx, stream, after, e)
	w.journal.note(appended + e.Kind)
	return r, err
}

// SwapLease implements ledger.Ledger.
func (w watched) SwapLease(ctx context.Context, current, next ledger.Lease) error {
	err := w.Ledger.SwapLease(ctx, current, next)
	w.journal.note(leased)
	return err
}
