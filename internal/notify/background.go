package notify

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// Background delivers beside a process that changes releases, which never waits for it
// but at its end, and then for as long as it says. The zero value with a Deliverer is
// ready for use.
type Background struct {
	Deliverer *Deliverer

	mu      sync.Mutex
	dirty   map[string]bool
	all     bool
	running bool
	idle    chan struct{}
	ctx     context.Context
	cancel  context.CancelFunc
}

// Kick says that something was appended to a stream, of which somebody may have to be
// told. It returns at once.
func (b *Background) Kick(stream string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.dirty == nil {
		b.dirty = map[string]bool{}
	}
	b.dirty[stream] = true
	b.start()
}

// start begins the work where nobody does it yet. The caller holds the lock.
func (b *Background) start() {
	if b.running {
		return
	}
	if b.ctx == nil {
		// Of its own: that of a call of Terraform ends while there is still something to
		// tell.
		b.ctx, b.cancel = context.WithCancel(context.Background())
	}
	b.running, b.idle = true, make(chan struct{})
	go b.run(b.ctx)
}

// run works until nothing is left to do.
func (b *Background) run(ctx context.Context) {
	for {
		b.mu.Lock()
		if len(b.dirty) == 0 && !b.all || ctx.Err() != nil {
			b.running = false
			close(b.idle)
			b.mu.Unlock()
			return
		}
		streams, all := make([]string, 0, len(b.dirty)), b.all
		for s := range b.dirty {
			streams = append(streams, s)
		}
		b.dirty, b.all = nil, false
		b.mu.Unlock()
		// What goes wrong stays open, and the next look of anybody tries again.
		if all {
			_, _ = b.Deliverer.Round(ctx)
		} else {
			_, _ = b.Deliverer.Deliver(ctx, streams...)
		}
	}
}

// Finish looks once more for everything that is open, also of others, and waits until
// that is delivered or until the time is over, on the clock of the machine. What is left
// is delivered by whoever looks next.
func (b *Background) Finish(ctx context.Context, atMost time.Duration) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), atMost)
	defer cancel()
	b.mu.Lock()
	b.all = true
	b.start()
	idle := b.idle
	b.mu.Unlock()
	select {
	case <-idle:
	case <-ctx.Done():
	}
}

// Stop ends what is being delivered, before the ledger is closed. It waits a moment for
// that, and no longer where a receiver hangs in a way that nothing ends.
func (b *Background) Stop() {
	b.mu.Lock()
	running, idle, cancel := b.running, b.idle, b.cancel
	b.mu.Unlock()
	if !running {
		return
	}
	cancel()
	ctx, done := context.WithTimeout(context.Background(), stopTime)
	defer done()
	select {
	case <-idle:
	case <-ctx.Done():
	}
}

// stopTime is how long Stop waits.
const stopTime = 500 * time.Millisecond

// FinishTime is how long a process waits at its end for what is being delivered.
const FinishTime = 3 * time.Second

// Watched is a ledger that kicks the background with each record of which anybody can
// be told. It adds nothing to an append but that.
func (b *Background) Watched(l ledger.Ledger) ledger.Ledger { return watched{l, b} }

type watched struct {
	ledger.Ledger
	background *Background
}

// Unwrap gives the ledger within, for ledger.As.
func (w watched) Unwrap() ledger.Ledger { return w.Ledger }

// Append implements ledger.Ledger.
func (w watched) Append(ctx context.Context, stream string, after uint64, entry ledger.Entry) (ledger.Record, error) {
	rec, err := w.Ledger.Append(ctx, stream, after, entry)
	if err == nil && loud(stream, entry.Kind) {
		w.background.Kick(stream)
	}
	return rec, err
}

// loud reports whether a record of that kind can make an event.
func loud(stream, kind string) bool {
	if strings.HasPrefix(stream, ledger.ObjectPrefix) {
		return !strings.HasPrefix(stream, ledger.ObjectPrefix+StateKind+"/")
	}
	e, known := entryOf(kind)
	return !known || !e.Silent() && kind != release.KindOutcome
}
