package notify

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// leaseTTL is after how long without a sign of life another deliverer takes over. It is
// longer than a delivery.
const leaseTTL = 20 * time.Second

// The waits of a process after a receiver did not take an event: they double.
const (
	firstWait = time.Second
	lastWait  = 5 * time.Minute
)

// atOnce is how many notifications are delivered side by side, so that one whose
// receiver hangs holds up few.
const atOnce = 16

// stuckStreams is how many streams may each have an event that the receiver refuses
// before the receiver itself is taken to be broken.
const stuckStreams = 5

// Deliverer delivers notifications. All exported fields are set before the first call.
// It is safe for concurrent use, beside any number of other deliverers on the same
// ledger, and keeps what it has learnt between calls, so that a process keeps one.
type Deliverer struct {
	Ledger ledger.Ledger
	Clock  clock.Clock
	// Actor is who delivers, for the record. Holder names this process and no other, for
	// leases.
	Actor, Holder string
	UserAgent     string
	// LeaseTTL is after how long without a sign of life another deliverer takes over; 0
	// takes 20s. It must be longer than MaxTimeout.
	LeaseTTL time.Duration
	// Patience is how long a call waits for another deliverer's lease; 0 does not.
	Patience time.Duration

	mu sync.Mutex
	// turn lets one call in at a time: a lease tells processes apart, and not calls.
	turn chan struct{}
	// lookout is of whoever has the turn.
	lookout lookout
	id      string
	leaser  *ledger.Leaser
	lives   map[string]life
	places  map[string]*place
	states  map[string]stated
	waits   map[string]wait
	// fences are those under which this deliverer last delivered a notification.
	fences map[string]uint64
}

// wait is until when a notification is left alone, since its receiver did not answer.
type wait struct {
	until time.Time
	next  time.Duration
}

// Report says what a call did for one notification.
type Report struct {
	Name string `json:"name"`
	// Sent counts the events that were taken.
	Sent int `json:"sent"`
	// Busy is true when another deliverer had the lease, and Waiting when the receiver
	// is left alone for a while after a failure: nothing was tried.
	Busy    bool `json:"busy,omitempty"`
	Waiting bool `json:"waiting,omitempty"`
	// Err says why not all was sent; nil when it was. It holds no secret.
	Err error `json:"-"`
}

// Round delivers everything that is open. What receivers do not take is in the reports,
// and stays open; the error is of the ledger. It ends with ctx, wherever it is. Nobody
// who changes a release may call it before that is done.
func (d *Deliverer) Round(ctx context.Context) ([]Report, error) { return d.round(ctx, nil) }

// Deliver delivers what is open of some streams alone.
func (d *Deliverer) Deliver(ctx context.Context, streams ...string) ([]Report, error) {
	if len(streams) == 0 {
		return nil, nil
	}
	return d.round(ctx, streams)
}

func (d *Deliverer) round(ctx context.Context, streams []string) ([]Report, error) {
	d.prepare()
	select {
	case d.turn <- struct{}{}:
		defer func() { <-d.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	all, err := List(ctx, d.Ledger)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	heads, err := d.heads(ctx, streams)
	if err != nil {
		return nil, err
	}
	reports, errs := make([]Report, len(all)), make([]error, len(all))
	var group errgroup.Group
	group.SetLimit(atOnce)
	for i, n := range all {
		group.Go(func() error {
			reports[i], errs[i] = d.one(ctx, n, heads)
			return nil
		})
	}
	_ = group.Wait() // The errors are by notification.
	return reports, errors.Join(errs...)
}

func (d *Deliverer) prepare() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.leaser == nil {
		d.turn = make(chan struct{}, 1)
		d.leaser = &ledger.Leaser{Ledger: d.Ledger, Clock: d.Clock, Holder: d.Holder}
		d.lives, d.places, d.states, d.waits = map[string]life{}, map[string]*place{}, map[string]stated{}, map[string]wait{}
		d.fences = map[string]uint64{}
	}
}

// heads gives the last records of all streams, or of those that are asked for.
func (d *Deliverer) heads(ctx context.Context, streams []string) ([]ledger.Record, error) {
	if streams == nil {
		return d.lookout.look(ctx, d.Ledger, d.Clock.Now())
	}
	return headsOf(ctx, d.Ledger, streams)
}

// one delivers one notification.
func (d *Deliverer) one(ctx context.Context, n Declared, heads []ledger.Record) (Report, error) {
	report := Report{Name: n.Name, Err: n.Err}
	if n.Err != nil {
		return report, nil
	}
	if d.waiting(n.Name) {
		report.Waiting = true
		return report, nil
	}
	l, err := d.life(ctx, n)
	if err != nil {
		return report, err
	}
	work, err := d.work(ctx, l, heads)
	if err != nil || len(work) == 0 {
		return report, err
	}
	lease, err := d.acquire(ctx, l.leaseName())
	var held *ledger.HeldError
	if errors.As(err, &held) {
		report.Busy = true
		return report, nil
	}
	if err != nil {
		return report, err
	}
	defer func() { _ = d.leaser.Release(context.WithoutCancel(ctx), lease) }() // It expires by itself.
	if err := d.refresh(ctx, l, work, lease); err != nil {
		return report, err
	}
	report.Sent, err = d.streams(ctx, l, work, &lease)
	var failed *sendError
	var fenced *ledger.FencedError
	switch {
	case errors.As(err, &fenced):
		report.Busy = true
		return report, nil
	case errors.As(err, &failed):
		report.Err, err = failed, nil
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil {
		report.Err = nil
		return report, ctx.Err()
	}
	if err == nil {
		d.settle(n.Name, failed)
		err = d.note(ctx, n.Name, failed)
	}
	return report, err
}

// refresh reads the cursors anew where somebody else has delivered since this deliverer
// last did: what it remembers is then too little, and would be sent twice.
func (d *Deliverer) refresh(ctx context.Context, n life, work []ledger.Record, lease ledger.Lease) error {
	d.mu.Lock()
	mine := d.fences[lease.Name]+1 == lease.Fence
	d.fences[lease.Name] = lease.Fence
	d.mu.Unlock()
	if mine {
		return nil
	}
	cursors, err := d.cursors(ctx, n, work)
	if err != nil {
		return err
	}
	for i, head := range work {
		p := d.placeOf(n, head.Stream)
		p.kept, p.told = cursors[i], max(p.told, cursors[i].Beat)
	}
	return nil
}

// streams delivers the streams that have something open, each in its order. It begins
// with another one each time, so that none is always the last when time runs out.
func (d *Deliverer) streams(ctx context.Context, n life, work []ledger.Record, lease *ledger.Lease) (int, error) {
	beat := func(ctx context.Context) error { return d.beat(ctx, lease) }
	to := d.sink(n.Notification, beat)
	defer to.close()
	sent, stuck := 0, 0
	var first error
	for i := range work {
		if ctx.Err() != nil {
			return sent, ctx.Err()
		}
		head := work[(i+int(lease.Fence%uint64(len(work))))%len(work)]
		more, err := d.pump(ctx, n, head.Stream, d.placeOf(n, head.Stream), to)
		sent += more
		var failed *sendError
		switch {
		case err == nil:
		case errors.As(err, &failed) && failed.particular() && stuck < stuckStreams:
			// This event is not taken, and others may be. It is not passed over either.
			stuck++
			first = errors.Join(first, err)
		default:
			return sent, errors.Join(first, err)
		}
		if err := beat(ctx); err != nil {
			return sent, errors.Join(first, err)
		}
	}
	return sent, first
}

// beat renews the lease once half of it is over.
func (d *Deliverer) beat(ctx context.Context, lease *ledger.Lease) error {
	if d.leaser.Left(*lease) > lease.TTL/2 {
		return nil
	}
	renewed, err := d.leaser.Renew(ctx, *lease)
	if err == nil {
		*lease = renewed
	}
	return err
}

// acquire takes the lease of a notification, and waits for it for as long as the
// deliverer has patience.
func (d *Deliverer) acquire(ctx context.Context, name string) (ledger.Lease, error) {
	ttl := d.LeaseTTL
	if ttl <= 0 {
		ttl = leaseTTL
	}
	start := d.Clock.Now()
	for {
		lease, err := d.leaser.Acquire(ctx, name, ttl)
		var held *ledger.HeldError
		if !errors.As(err, &held) || d.Clock.Now().Sub(start) >= d.Patience {
			return lease, err
		}
		if d.Clock.Sleep(ctx, min(max(held.Left, 10*time.Millisecond), 100*time.Millisecond)) != nil {
			return lease, err
		}
	}
}

// work lists the streams of which the notification has not been told everything.
func (d *Deliverer) work(ctx context.Context, n life, heads []ledger.Record) ([]ledger.Record, error) {
	var covered, unknown []ledger.Record
	for _, h := range heads {
		if service, environment := coverage(h.Stream); !n.covers(service, environment) {
			continue
		}
		covered = append(covered, h)
		if d.placeOf(n, h.Stream) == nil {
			unknown = append(unknown, h)
		}
	}
	if err := d.find(ctx, n, unknown); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(covered, func(h ledger.Record) bool { return h.Seq <= d.placeOf(n, h.Stream).told }), nil
}

func (d *Deliverer) placeOf(n life, stream string) *place {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.places[n.cursorName(stream)]
}

// life gives the notification's life. It is read once for each revision. When it covers
// something else than before, where it stands is looked up anew.
func (d *Deliverer) life(ctx context.Context, n Declared) (life, error) {
	d.mu.Lock()
	l, known := d.lives[n.Name]
	d.mu.Unlock()
	if known && l.Revision == n.Revision {
		return l, nil
	}
	l, err := lifeOf(ctx, d.Ledger, n)
	if err != nil {
		return l, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lives[n.Name] = l
	for name := range d.places {
		if strings.HasPrefix(name, leasePrefix+n.Name+"/") {
			delete(d.places, name)
		}
	}
	return l, nil
}

func (d *Deliverer) ledgerID(ctx context.Context) (string, error) {
	d.mu.Lock()
	id := d.id
	d.mu.Unlock()
	if id != "" {
		return id, nil
	}
	id, err := d.Ledger.ID(ctx)
	if err == nil {
		d.mu.Lock()
		d.id = id
		d.mu.Unlock()
	}
	return id, err
}

// waiting reports whether the receiver is left alone for now.
func (d *Deliverer) waiting(name string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.Clock.Now().Before(d.waits[name].until)
}

// settle makes the next wait after a failure, or ends all waiting.
func (d *Deliverer) settle(name string, failed *sendError) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if failed == nil {
		delete(d.waits, name)
		return
	}
	next := max(d.waits[name].next, firstWait)
	d.waits[name] = wait{until: d.Clock.Now().Add(next), next: min(2*next, lastWait)}
}
