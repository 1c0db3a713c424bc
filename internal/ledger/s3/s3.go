// Package s3 keeps a ledger in a bucket of S3, or of any store that speaks S3 and
// honours conditional writes, for an organisation. Any number of processes on any
// number of machines may use it at once, and nothing has to run.
//
// Each stream has one head object, replaced by conditional writes alone: it holds the
// newest records and says where the older ones are, in parts that never change. So an
// append is one request where this handle knows the head, and two where it does not,
// however long the history is. ADR 0031 has the measured counts. Nothing is ever
// deleted.
package s3

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/credential"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// Options say how to open a ledger.
type Options struct {
	// MustExist makes a ledger that is not there ErrMissing instead of creating it.
	MustExist bool
	// ReadOnly opens for reading alone; it implies MustExist. Appends fail with
	// ErrReadOnly.
	ReadOnly bool
	// CopyOf is the UUID of a ledger: what is opened is an unfinished copy of it, begun
	// where nothing is. A ledger that is there is opened as it is.
	CopyOf string
	// BusyTimeout is for how long a request that the store refuses for its load, or
	// does not answer, is repeated. 0 means 10 s.
	BusyTimeout time.Duration
	// Clock is the machine's if nil.
	Clock clock.Clock
}

// format is the version of the layout that this code writes: of keys, heads, parts
// and leases. A greater one in any object is ErrNewer.
const format = 1

// Ledger is a handle on one ledger in a bucket. It implements ledger.Ledger.
type Ledger struct {
	opts  Options
	store *store
	place place
	id    string
	// copying is true while the prefix is a copy that has not come to its end.
	copying bool
	limits  limits
	cache   cache

	// proof is held while the store is proved to honour conditions.
	proof  sync.Mutex
	proved bool
}

var (
	_ ledger.Ledger  = (*Ledger)(nil)
	_ ledger.Clocked = (*Ledger)(nil)
)

// CredentialsEnd implements credential.Ender.
func (l *Ledger) CredentialsEnd() credential.End { return l.store.lasting.End() }

// Open opens the ledger that url names, creating it unless the options say otherwise.
// Of several processes that create it at once, one does and the others use what it
// made. Credentials come from where AWS's own tools take them.
func Open(ctx context.Context, url string, opts Options) (*Ledger, error) {
	l, err := start(ctx, url, opts)
	if err == nil {
		err = l.begin(ctx)
	}
	if err != nil {
		return nil, misplaced(err)
	}
	return l, nil
}

// start makes a handle that has asked for nothing yet.
func start(ctx context.Context, url string, opts Options) (*Ledger, error) {
	if opts.Clock == nil {
		opts.Clock = clock.System{}
	}
	if opts.BusyTimeout <= 0 {
		opts.BusyTimeout = 10 * time.Second
	}
	at, err := parse(url)
	if err != nil {
		return nil, err
	}
	s, err := connect(ctx, at, opts)
	if err != nil {
		return nil, err
	}
	return &Ledger{opts: opts, store: s, place: at, limits: standard}, nil
}

// begin looks at what is there, and creates what the options allow.
func (l *Ledger) begin(ctx context.Context) error {
	about, found, err := l.about(ctx)
	switch {
	case err != nil:
		return err
	case found:
		l.id = about.Ledger
		return nil
	case l.opts.CopyOf != "":
		return l.beginCopy(ctx)
	}
	if err := l.unfinished(ctx); err != nil {
		return err
	}
	if l.opts.MustExist || l.opts.ReadOnly {
		return l.missing()
	}
	return l.create(ctx)
}

func (l *Ledger) missing() error {
	return fmt.Errorf("%w: %s holds no %s", ledger.ErrMissing, l.place, aboutKey)
}

// StoreClock implements ledger.Clocked.
func (l *Ledger) StoreClock() ledger.Reading { return l.store.StoreClock() }

// ID implements ledger.Ledger.
func (l *Ledger) ID(ctx context.Context) (string, error) { return l.id, ctx.Err() }

// Close implements ledger.Ledger.
func (l *Ledger) Close() error {
	l.store.close()
	return nil
}

// writable says whether this handle may write, and proves once that the store honours
// the conditions on which everything rests.
func (l *Ledger) writable(ctx context.Context) error {
	if l.opts.ReadOnly {
		return ledger.ErrReadOnly
	}
	l.proof.Lock()
	defer l.proof.Unlock()
	if l.proved {
		return ctx.Err()
	}
	if err := l.prove(ctx); err != nil {
		return err
	}
	l.proved = true
	return nil
}
