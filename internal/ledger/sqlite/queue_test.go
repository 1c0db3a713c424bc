package sqlite

import (
	"context"
	"errors"
	"runtime"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// TestARollbackForgetsWhatItInserted: were the stream's end remembered, the next
// append would leave a gap.
func TestARollbackForgetsWhatItInserted(t *testing.T) {
	t.Parallel()
	l := benchLedger(t)
	if _, err := l.Append(t.Context(), "s", 0, benchEntry(0)); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("disk on fire")
	err := l.transact(t.Context(), []*request{
		{do: func() error { _, err := l.append("s", 1, benchEntry(1)); return err }},
		{do: func() error { return broken }},
	})
	if !errors.Is(err, broken) {
		t.Fatalf("got %v", err)
	}
	var conflict *ledger.ConflictError
	if _, err := l.Append(t.Context(), "s", 2, benchEntry(2)); !errors.As(err, &conflict) || conflict.Last != 1 {
		t.Errorf("behind what was rolled back: %v", err)
	}
	if _, err := l.Append(t.Context(), "s", 1, benchEntry(1)); err != nil {
		t.Errorf("in its place: %v", err)
	}
}

// TestACallThatIsUnderWayIsWaitedFor: a caller whose context ends while another
// carries its request out gets the certain outcome, not the context's error.
func TestACallThatIsUnderWayIsWaitedFor(t *testing.T) {
	t.Parallel()
	l := benchLedger(t)
	for range 12 {
		ctx, cancel := context.WithCancel(t.Context())
		under, proceed := make(chan struct{}), make(chan struct{})
		first, second := make(chan error, 1), make(chan error, 1)
		// Nobody has a turn until both wait, so that one of them carries out both.
		l.queue.turn <- struct{}{}
		go func() { first <- l.write(ctx, func() error { return nil }) }()
		l.waitFor(1)
		go func() {
			second <- l.write(t.Context(), func() error {
				close(under)
				<-proceed
				return nil
			})
		}()
		l.waitFor(2)
		<-l.queue.turn
		<-under
		cancel()
		close(proceed)
		if err := errors.Join(<-first, <-second); err != nil {
			t.Fatalf("got %v", err)
		}
	}
}

// waitFor returns once n requests wait.
func (l *Ledger) waitFor(n int) {
	for {
		l.queue.mu.Lock()
		have := len(l.queue.waiting)
		l.queue.mu.Unlock()
		if have >= n {
			return
		}
	}
}

// TestThoseWhoCameTogetherComeTogether has one processor, so that whoever takes a batch
// without giving way takes its own request alone. It must not run beside others.
func TestThoseWhoCameTogetherComeTogether(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	q := &queue{expected: 3}
	q.add(&request{})
	for range 2 {
		go q.add(&request{})
	}
	if got := len(q.take()); got != 3 {
		t.Errorf("a batch of %d, though two more were on their way", got)
	}
	// A writer that is alone from now on waits for nobody.
	for range 5 {
		q.add(&request{})
		if got := len(q.take()); got != 1 {
			t.Errorf("a batch of %d of 1", got)
		}
	}
	if q.expected != 1 {
		t.Errorf("%d are still expected", q.expected)
	}
}
