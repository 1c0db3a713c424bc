package sqlite

import (
	"context"
	"runtime"
	"slices"
	"sync"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// maxBatch bounds one transaction, and with it how long a caller waits for
// others' work.
const maxBatch = 256

// request is one write that waits for its turn.
type request struct {
	// do works inside a transaction. An error that settled recognises concerns
	// this request alone; any other ends the transaction.
	do func() error
	// err is the outcome; it may be read once done is closed.
	err  error
	done chan struct{}
}

// queue hands the one writing connection round. A caller puts its request in and
// waits for its turn; whoever has it carries out all that is waiting in one
// transaction, so that many writers share one sync of the disk.
type queue struct {
	turn    chan struct{}
	mu      sync.Mutex
	waiting []*request
	// expected is how many requests are likely to come at once: as many as came
	// lately.
	expected int
}

func (q *queue) add(r *request) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = append(q.waiting, r)
}

func (q *queue) len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting)
}

// gather gives way to those whose requests were carried out last, as long as more
// of them come with the next. Without it whoever is told first of a batch's end
// begins the next alone, and each batch of many is followed by one of one. A
// writer that is alone waits for nobody.
func (q *queue) gather() {
	for have := q.len(); have < q.expected; {
		runtime.Gosched()
		now := q.len()
		if now == have {
			return
		}
		have = now
	}
}

// take returns the requests to carry out now. Whoever calls it has the turn.
func (q *queue) take() []*request {
	q.gather()
	q.mu.Lock()
	defer q.mu.Unlock()
	n := min(len(q.waiting), maxBatch)
	q.expected = max(n, q.expected/2)
	batch := slices.Clone(q.waiting[:n])
	q.waiting = slices.Delete(q.waiting, 0, n)
	return batch
}

// drop takes r out again and says whether nobody had begun with it.
func (q *queue) drop(r *request) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	i := slices.Index(q.waiting, r)
	if i >= 0 {
		q.waiting = slices.Delete(q.waiting, i, i+1)
	}
	return i >= 0
}

// write carries out do in a transaction, together with what others want to write.
func (l *Ledger) write(ctx context.Context, do func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if l.conn == nil {
		return ledger.ErrReadOnly
	}
	r := &request{do: do, done: make(chan struct{})}
	l.queue.add(r)
	for {
		select {
		case <-r.done:
			return r.err
		case l.queue.turn <- struct{}{}:
			if batch := l.queue.take(); len(batch) > 0 {
				l.carryOut(ctx, batch)
			}
			<-l.queue.turn
		case <-ctx.Done():
			if l.queue.drop(r) {
				return ctx.Err()
			}
			// Somebody is at it: the outcome is a moment away, and certain.
			<-r.done
			return r.err
		}
	}
}

// carryOut runs a batch in one transaction and tells everybody in it. When the
// transaction fails as a whole, each request gets one of its own, so that nobody
// fails for what another wanted to write. The context is that of the caller whose
// turn it is, and bounds only the wait for other processes.
func (l *Ledger) carryOut(ctx context.Context, batch []*request) {
	err := l.transact(ctx, batch)
	if err != nil && len(batch) > 1 {
		for _, r := range batch {
			l.carryOut(ctx, []*request{r})
		}
		return
	}
	for _, r := range batch {
		if err != nil {
			r.err = err
		}
		close(r.done)
	}
}

// transact returns the error that ended the transaction, having written nothing.
func (l *Ledger) transact(ctx context.Context, batch []*request) error {
	begin := func() error { _, err := l.stmts.begin.Exec(); return err }
	if err := l.patiently(ctx, begin); err != nil {
		return err
	}
	err := l.within(batch)
	if err != nil {
		// What was inserted is gone again.
		l.ends = nil
		return rollback(l.conn, err)
	}
	return nil
}

// within does the work of transact between beginning and rolling back.
func (l *Ledger) within(batch []*request) error {
	if err := l.refresh(); err != nil {
		return err
	}
	for _, r := range batch {
		if r.err = r.do(); r.err != nil && !settled(r.err) {
			return r.err
		}
	}
	_, err := l.stmts.commit.Exec()
	return mapError(err)
}
