package scope

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

const (
	// patience bounds each call to a ledger above, its opening included. A driver asks
	// the gates between its looks, and must not stand still for a ledger that is away.
	patience = 3 * time.Second
	// restTime is for how long a ledger above that did not answer is not asked again.
	restTime = 15 * time.Second
)

// UnreadableError says that a ledger above cannot be read, so that what it forbids is
// not known. It does not unwrap: a ledger above that is missing, or busy, says nothing
// about the scope's own, and must not be taken for it.
type UnreadableError struct {
	Scope Path
	Err   error
}

// Error implements error.
func (e *UnreadableError) Error() string {
	if errors.Is(e.Err, ledger.ErrMissing) {
		return fmt.Sprintf("unable to read the ledger of the scope %s, which is above: %v; it is named wrongly here, or the first apply of its own workspace is still to come, or whoever owns it has to restore it; nothing goes forward until it can be read, and a rollback does not wait for it", e.Scope, e.Err)
	}
	return fmt.Sprintf("unable to read the ledger of the scope %s, which is above: %v; nothing goes forward until it can be read, and a rollback does not wait for it", e.Scope, e.Err)
}

// upper is a ledger above: opened for reading alone, at its first use, bounded, and
// left in peace for a while after it did not answer.
type upper struct {
	scope Path
	url   string
	open  Opener
	clock clock.Clock

	// opening is held while the ledger is opened, and never waited for by a caller.
	opening sync.Mutex
	mu      sync.Mutex
	ledger  ledger.Ledger
	failed  error
	until   time.Time
	// hereAt is when it was last seen not to have moved elsewhere.
	hereAt time.Time
}

var _ ledger.Ledger = (*upper)(nil)

// do calls f with the open ledger. Neither a driver that does not heed its context nor
// one that hangs holds up the caller for longer than patience.
func do[T any](ctx context.Context, u *upper, f func(context.Context, ledger.Ledger) (T, error)) (T, error) {
	var none T
	if err := u.resting(); err != nil {
		return none, err
	}
	type answer struct {
		value T
		err   error
	}
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	got := make(chan answer, 1)
	go func() {
		l, err := u.opened(bounded)
		if err == nil {
			err = u.here(bounded, l)
		}
		if err != nil {
			got <- answer{err: err}
			return
		}
		value, err := f(bounded, l)
		got <- answer{value, err}
	}()
	select {
	case a := <-got:
		return a.value, u.judged(ctx, a.err)
	case <-bounded.Done():
		return none, u.judged(ctx, fmt.Errorf("it did not answer within %s", patience))
	}
}

// resting is the error of a ledger that did not answer a moment ago.
func (u *upper) resting() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.failed != nil && u.clock.Now().Before(u.until) {
		return u.failed
	}
	return nil
}

// judged remembers a failure. Where the caller itself gave up, that is no failure of
// the ledger's.
func (u *upper) judged(ctx context.Context, err error) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if err == nil {
		u.failed = nil
		return nil
	}
	err = &UnreadableError{Scope: u.scope, Err: err}
	if ctx.Err() == nil {
		u.failed, u.until = err, u.clock.Now().Add(restTime)
	}
	return err
}

// opened opens the ledger once, and checks that it is that of the scope.
func (u *upper) opened(ctx context.Context) (ledger.Ledger, error) {
	u.opening.Lock()
	defer u.opening.Unlock()
	u.mu.Lock()
	l := u.ledger
	u.mu.Unlock()
	if l != nil {
		return l, nil
	}
	l, err := u.open(ctx, u.url)
	if err != nil {
		return nil, err
	}
	if err := u.is(ctx, l); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	u.mu.Lock()
	u.ledger = l
	u.mu.Unlock()
	return l, nil
}

// here refuses a ledger that has moved: it can still be read, and says nothing of what
// was declared at its new place since. It is asked again every boundKept, since whoever
// looks upwards may live longer than the ledger stays where it is.
func (u *upper) here(ctx context.Context, l ledger.Ledger) error {
	now := u.clock.Now()
	u.mu.Lock()
	fresh := !u.hereAt.IsZero() && now.Sub(u.hereAt) < boundKept && !now.Before(u.hereAt)
	u.mu.Unlock()
	if fresh {
		return nil
	}
	err := ledger.StillHere(ctx, l)
	var moved *ledger.SealedError
	if errors.As(err, &moved) {
		s := moved.Sealing
		return fmt.Errorf("it has moved to %s (%s, %s), and what was declared there since is not known here; give that as the ledger of %s, in above, --above or SLUICE_ABOVE%s", s.To, s.By, s.At.UTC().Format(time.RFC3339), u.scope, s.Named())
	}
	if err != nil {
		return err
	}
	u.mu.Lock()
	u.hereAt = now
	u.mu.Unlock()
	return nil
}

// is checks that a ledger is that of the scope. So it is none of the others either: a
// ledger has one scope.
func (u *upper) is(ctx context.Context, l ledger.Ledger) error {
	return Is(ctx, l, u.scope)
}

// Is says whether a ledger says that it is that of the scope.
func Is(ctx context.Context, l ledger.Ledger, p Path) error {
	bound, err := ledger.ScopeOf(ctx, l)
	switch {
	case err != nil:
		return err
	case bound.Scope == "":
		return fmt.Errorf("it does not say whose it is; who may write there names it once: sluice ledger scope %s, or scope = %q in the provider block and an apply that creates something", p, p)
	case bound.Scope != string(p):
		return &OtherError{Want: p, Bound: Path(bound.Scope)}
	}
	return nil
}

// ID implements ledger.Ledger.
func (u *upper) ID(ctx context.Context) (string, error) {
	return do(ctx, u, func(ctx context.Context, l ledger.Ledger) (string, error) { return l.ID(ctx) })
}

// Read implements ledger.Ledger.
func (u *upper) Read(ctx context.Context, stream string, from uint64) ([]ledger.Record, error) {
	return do(ctx, u, func(ctx context.Context, l ledger.Ledger) ([]ledger.Record, error) { return l.Read(ctx, stream, from) })
}

// Heads implements ledger.Ledger.
func (u *upper) Heads(ctx context.Context, prefix string) ([]ledger.Record, error) {
	return do(ctx, u, func(ctx context.Context, l ledger.Ledger) ([]ledger.Record, error) { return l.Heads(ctx, prefix) })
}

// Query implements ledger.Ledger.
func (u *upper) Query(ctx context.Context, filter ledger.Filter) ([]ledger.Record, error) {
	return do(ctx, u, func(ctx context.Context, l ledger.Ledger) ([]ledger.Record, error) { return l.Query(ctx, filter) })
}

// Lease implements ledger.Ledger.
func (u *upper) Lease(ctx context.Context, name string) (ledger.Lease, error) {
	return do(ctx, u, func(ctx context.Context, l ledger.Ledger) (ledger.Lease, error) { return l.Lease(ctx, name) })
}

// Append implements ledger.Ledger: nobody writes upwards.
func (u *upper) Append(context.Context, string, uint64, ledger.Entry) (ledger.Record, error) {
	return ledger.Record{}, u.readOnly()
}

// SwapLease implements ledger.Ledger: nobody writes upwards.
func (u *upper) SwapLease(context.Context, ledger.Lease, ledger.Lease) error { return u.readOnly() }

func (u *upper) readOnly() error {
	return fmt.Errorf("the ledger of the scope %s, which is above: %w", u.scope, ledger.ErrReadOnly)
}

// Close implements ledger.Ledger.
func (u *upper) Close() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.ledger == nil {
		return nil
	}
	l := u.ledger
	u.ledger = nil
	return l.Close()
}
