package agent

import (
	"context"
	"errors"
	"hash/fnv"
	"strings"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

const (
	// roundBound is the longest that one look for work may take.
	roundBound = 30 * time.Second
	// startPause lies between two starts, as long as all together take no longer than
	// startSpread: taking a rollout up costs some calls, and a thousand that begin
	// together would be looked at together ever after, which makes each look late.
	startPause  = 8 * time.Millisecond
	startSpread = 8 * time.Second
	// takePause is that between two that are taken over, which are spread already.
	takePause = 2 * time.Millisecond
	// fewLeases is up to how many leases are read one by one.
	fewLeases = 4
)

// looking finds work and begins it, until ctx ends. What it begins runs under drivers.
func (a *Agent) looking(ctx, drivers context.Context) {
	for n := uint64(0); ctx.Err() == nil; n++ {
		err := a.round(ctx)
		now := a.opts.Clock.Now()
		if err != nil && ctx.Err() == nil {
			a.log.Warn("the look for work failed", "error", err)
		}
		a.health.beat(now, err)
		a.metrics.round(now, err)
		a.tellOfClock()
		// No two agents look in step for long.
		every := a.opts.LookEvery
		jitter := every * time.Duration(spread(a.opts.Self.Name, 256)+int(n%16)) / 2048
		until := now.Add(every + jitter)
		for a.untilNext(ctx, drivers, until) {
			continue
		}
	}
}

// untilNext begins what may be begun and waits until something changes; false once
// the time has come for the next round.
func (a *Agent) untilNext(ctx, drivers context.Context, until time.Time) bool {
	a.begin(ctx, drivers)
	at := a.work.soonest(until)
	if next := a.watchedAt.Add(a.watchEvery()); a.lists && next.Before(at) && a.work.counts()[held] > 0 {
		at = next
	}
	// What was driven and has ended makes room.
	a.pause(ctx, max(at.Sub(a.opts.Clock.Now()), 10*time.Millisecond), a.work.wake)
	now := a.opts.Clock.Now()
	if ctx.Err() != nil || !now.Before(until) {
		return false
	}
	if err := a.watch(ctx); err != nil && ctx.Err() == nil {
		a.log.Warn("the leases of others could not be read", "error", err)
	}
	return true
}

// watchEvery is the time between two looks at all leases that others hold. Each look
// may see a sign of life that late, and so much later takes over.
func (a *Agent) watchEvery() time.Duration {
	return min(a.opts.LookEvery, max(a.opts.LeaseTTL/60, 50*time.Millisecond))
}

// pause waits for d, or until wake says otherwise.
func (a *Agent) pause(ctx context.Context, d time.Duration, wake <-chan struct{}) {
	short, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-wake:
			cancel()
		case <-short.Done():
		}
	}()
	_ = a.opts.Clock.Sleep(short, d)
}

// round is one look at the ledger.
func (a *Agent) round(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, roundBound)
	defer cancel()
	// Who asks whether it can be counted on must not be told of a ledger that was.
	if err := ledger.StillHere(ctx, a.ledger); err != nil {
		return err
	}
	all, err := a.finder.next(ctx)
	if err != nil {
		return err
	}
	a.work.add(all)
	return a.watch(ctx)
}

// watch looks at every lease that somebody else holds, where the ledger lists them in
// one call; otherwise each has its own time.
func (a *Agent) watch(ctx context.Context) error {
	now := a.opts.Clock.Now()
	all := a.work.watched(now, true)
	if !a.lists || len(all) <= fewLeases {
		return a.watchThose(ctx, a.work.watched(now, a.lists && now.Sub(a.watchedAt) >= a.watchEvery()))
	}
	if now.Sub(a.watchedAt) < a.watchEvery() {
		return nil
	}
	leases, err := ledger.Leases(ctx, a.ledger, streams)
	if errors.Is(err, errors.ErrUnsupported) {
		a.lists = false
		return nil
	}
	if err != nil {
		return err
	}
	a.watchedAt = now
	byName := make(map[string]ledger.Lease, len(leases))
	for _, l := range leases {
		byName[l.Name] = l
	}
	for _, it := range all {
		lease := byName[it.key.LeaseName()]
		lease.Name = it.key.LeaseName()
		a.saw(it, lease)
	}
	return nil
}

func (a *Agent) watchThose(ctx context.Context, items []*item) error {
	if len(items) > 0 {
		a.watchedAt = a.opts.Clock.Now()
	}
	for _, it := range items {
		lease, err := a.ledger.Lease(ctx, it.key.LeaseName())
		if err != nil {
			return err
		}
		a.saw(it, lease)
	}
	return nil
}

// saw takes in one lease. It is looked at again when it may have expired, and often
// enough to see a renewal soon, since the term counts from when that was seen.
func (a *Agent) saw(it *item, lease ledger.Lease) {
	left := a.leaser.Observe(lease)
	a.work.observe(it, lease, left, a.opts.Clock.Now().Add(min(left, max(lease.TTL/6, a.opts.LookEvery))))
}

// begin starts what may be started. It does not wait for that: what goes back and
// comes meanwhile is begun at once.
func (a *Agent) begin(ctx, drivers context.Context) {
	all := a.work.due(a.opts.Clock.Now())
	pause := min(startPause, startSpread/time.Duration(max(len(all), 1)))
	var wait time.Duration
	for _, it := range all {
		switch {
		case it.urgent || len(all) == 1:
			go a.drive(ctx, drivers, it)
			continue
		case it.from != "":
			wait += min(takePause, pause)
		default:
			wait += pause
		}
		go func(wait time.Duration, hurry chan struct{}) {
			a.pause(ctx, wait, hurry)
			a.drive(ctx, drivers, it)
		}(wait, it.hurry)
	}
}

// drive brings one release to where nothing is open, or as far as it comes.
func (a *Agent) drive(ctx, drivers context.Context, it *item) {
	defer a.work.ending.Done()
	defer a.work.poke()
	if ctx.Err() != nil {
		a.work.done(it)
		return
	}
	if !it.sure && it.from == "" && !a.engine.Memory.Has(it.key) {
		switch open, err := a.anything(drivers, it.key); {
		case err != nil:
			a.wentWrong(it, err)
			return
		case !open:
			a.work.done(it)
			return
		}
	}
	a.metrics.takes(it.key, it.from, a.opts.Holder)
	_, err := a.engine.DriveFor(drivers, it.key, release.Stay{})
	a.ended(ctx, it, err)
}

// anything reports whether a release has something to drive. A target's rollout that
// belongs to one over many is for whoever drives that.
func (a *Agent) anything(ctx context.Context, key release.Key) (bool, error) {
	h, err := a.engine.Load(ctx, key)
	if errors.Is(err, release.ErrUnknown) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if open := h.Open(); open != nil {
		return open.Within == nil, nil
	}
	return h.BackRequest != nil, nil
}

// ended says what follows from the end of a drive.
func (a *Agent) ended(ctx context.Context, it *item, err error) {
	var (
		ended  *release.EndedError
		holder *ledger.HeldError
		fenced *ledger.FencedError
	)
	now := a.opts.Clock.Now()
	switch {
	case (err == nil || errors.As(err, &ended)) && a.engine.Memory.Has(it.key):
		pause := a.work.rest(it, now)
		a.log.Warn("records of the rollout wait beside this process until the ledger takes them", "release", it.key.String(), "try", it.tries, "again_in", pause.String())
	case err == nil, errors.As(err, &ended), errors.Is(err, release.ErrUnknown):
		a.work.done(it)
	case errors.As(err, &holder):
		a.work.hold(it, now.Add(min(holder.Left, a.opts.LookEvery)))
	case errors.As(err, &fenced):
		a.log.Info("somebody else has taken the rollout over", "release", it.key.String(), "holder", fenced.Lease.Holder, "fence", fenced.Lease.Fence)
		a.work.hold(it, now.Add(a.opts.LookEvery))
	case ctx.Err() != nil:
		a.work.done(it)
	default:
		a.wentWrong(it, err)
	}
}

func (a *Agent) wentWrong(it *item, err error) {
	pause := a.work.rest(it, a.opts.Clock.Now())
	a.metrics.stumbled()
	a.log.Warn("the rollout cannot be driven now", "release", it.key.String(), "try", it.tries, "again_in", pause.String(), "error", err)
}

// away logs that a driver goes on without the ledger.
func (a *Agent) away(key release.Key, err error) {
	a.metrics.stumbled()
	var sealed *ledger.SealedError
	if errors.As(err, &sealed) {
		a.work.poke()
	}
	a.log.Warn("the ledger is away; the rollout does not go forward, is looked at, and goes back if it must", "release", key.String(), "error", err)
}

// taken logs that this agent drives.
func (a *Agent) taken(key release.Key, lease ledger.Lease) {
	from := a.metrics.took(key)
	attrs := []any{"release", key.String(), "fence", lease.Fence}
	if from != "" {
		a.log.Warn("takes the rollout over from a driver without a sign of life", append(attrs, "from", from)...)
		return
	}
	a.log.Info("drives the rollout", attrs...)
}

// recorded logs the moves of rollouts: what users may feel, and no more.
func (a *Agent) recorded(r release.Recorded) {
	state, ok := strings.CutPrefix(r.Kind, "rollout.")
	if !ok || !r.Own {
		return
	}
	if r.State.Final() {
		a.metrics.ended(r.State)
	}
	attrs := []any{"release", r.Key.String(), "rollout", r.Rollout, "fence", r.Fence, "state", state}
	if r.Cause != "" {
		attrs = append(attrs, "cause", string(r.Cause), "reason", r.Reason)
	}
	a.log.Info("the rollout moves", attrs...)
}

// drain waits until nothing is driven any more; what has not come to its end by
// itself in time is cut short.
func (a *Agent) drain(cut context.CancelFunc) error {
	ended := make(chan struct{})
	go func() { a.work.ending.Wait(); close(ended) }()
	soft := max(a.opts.StopWithin-hardStop, a.opts.StopWithin/2)
	if a.within(ended, soft) {
		return nil
	}
	a.log.Warn("what is under way is cut short", "rollouts", a.work.driving())
	cut()
	if a.within(ended, a.opts.StopWithin-soft) {
		return nil
	}
	return errLeft
}

var errLeft = errors.New("some drivers did not come to an end in time; what they left is safe, and whoever drives next looks at the target first")

// within waits for done, but for d at most.
func (a *Agent) within(done <-chan struct{}, d time.Duration) bool {
	ctx, cancel := context.WithCancel(context.Background())
	go func() { <-done; cancel() }()
	_ = a.opts.Clock.Sleep(ctx, d)
	select {
	case <-done:
		return true
	default:
		cancel()
		return false
	}
}

// spread gives a number below n that is the same for the same text.
func spread(text string, n int) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(text))
	return int(h.Sum32() % uint32(n))
}
