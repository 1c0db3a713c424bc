package release

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// waver drives a rollout over many targets while it holds the lease of the whole
// release. The targets' own rollouts run in goroutines of their own, each under the
// lease of its part; they tell what became of them through done, and everything
// else is of one goroutine.
type waver struct {
	*driver
	jobs map[string]*job
	done chan jobEnd
	// ended holds what jobs have told and the ledger has not taken yet.
	ended []jobEnd
	// fatal is what keeps this driver from going on with any target.
	fatal error
	// leave is closed when the targets' own runs are to return, and left is true once
	// one of them has left its rollout open.
	leave chan struct{}
	left  bool
}

// job is what this driver does with one target.
type job struct {
	kind   PartJob
	since  time.Time
	retry  time.Time
	tries  int
	cancel context.CancelFunc
	// running is false between two tries.
	running bool
	// left is true where the last try left the target's rollout open.
	left bool
}

// jobEnd is what became of a try.
type jobEnd struct {
	name string
	part partEnd
	err  error
}

// waves is the loop of a rollout over many targets. It returns when the rollout is
// closed, and otherwise with the cause, after all that it began has stopped.
func (d *driver) waves(ctx context.Context) error {
	w := &waver{driver: d, jobs: map[string]*job{}, done: make(chan jobEnd), leave: make(chan struct{})}
	// Targets go on under a context of their own, so that one that goes back is not
	// cut short when the driver was interrupted: each has its grace.
	parts, cancel := context.WithCancel(context.WithoutCancel(ctx))
	err := w.loop(ctx, parts)
	if d.e.stopping() {
		// Each target's driver comes to the next point between two effects by itself.
		defer context.AfterFunc(ctx, cancel)()
		w.await(false)
	}
	cancel()
	w.await(true)
	return err
}

func (w *waver) loop(ctx, parts context.Context) error {
	for w.h.Open() != nil {
		decision := w.decideWaves()
		if w.fatal != nil {
			return w.fatal
		}
		if ctx.Err() != nil && (!decision.back() || w.graceOver()) {
			return context.Cause(ctx)
		}
		if err := w.stops(decision.back()); err != nil {
			return err
		}
		within := ctx
		if decision.back() {
			within = context.WithoutCancel(ctx)
		}
		w.fresh = false
		if err := w.refresh(within); w.alone(ctx, err) {
			if err := w.pause(within, w.e.Clock.Now().Add(revertPatience)); err != nil && ctx.Err() == nil {
				return err
			}
			continue
		} else if err != nil {
			return err
		}
		if w.h.Open() == nil {
			return nil
		}
		err := w.record(within)
		if err == nil && w.fatal == nil {
			next := w.decideWaves()
			if w.leaves(next) {
				return errLeft
			}
			err = w.actWaves(within, parts, w.held(next))
		}
		switch {
		case errors.Is(err, errAgain):
			w.stale = true
		case err != nil && ctx.Err() != nil && !decision.back():
			return context.Cause(ctx)
		case w.alone(ctx, err):
			if err := w.pause(within, w.e.Clock.Now().Add(revertPatience)); err != nil && ctx.Err() == nil {
				return err
			}
		case err != nil:
			return err
		}
	}
	return nil
}

func (w *waver) decideWaves() WaveDecision {
	seen := map[string]PartSeen{}
	for name, j := range w.jobs {
		s := PartSeen{Since: j.since, Retry: j.retry}
		if j.running {
			s.Job = j.kind
		}
		seen[name] = s
	}
	return DecideWaves(w.h, seen, w.e.Clock.Now())
}

// actWaves carries one decision out.
func (w *waver) actWaves(ctx, parts context.Context, decision WaveDecision) error {
	switch decision.Action {
	case WaveMove:
		return w.append(ctx, movePrefix+string(decision.Next), decision.Move)
	case WaveShip:
		return w.each(decision.Targets, func(name string) error { return w.ship(ctx, parts, name) })
	case WaveBack:
		return w.each(decision.Targets, func(name string) error { w.begin(parts, name, JobBack); return nil })
	case WaveStop:
		return w.each(decision.Targets, func(name string) error { w.stop(parts, name); return nil })
	case WaveFail:
		return w.each(decision.Targets, func(name string) error {
			reason := "seen in two looks in a row after its wave: " + w.h.Open().Waves.Watched.Ill[name]
			return w.append(ctx, KindTargetFailed, TargetFailedBody{Target: name, Cause: CauseUnhealthy, Reason: reason})
		})
	case WaveWatch:
		return w.watch(ctx)
	case WaveWait:
		return w.pause(ctx, decision.Until)
	default:
		return fmt.Errorf("release: the action %q is not one that this version knows", decision.Action)
	}
}

func (*waver) each(names []string, do func(string) error) error {
	for _, name := range names {
		if err := do(name); err != nil {
			return err
		}
	}
	return nil
}

// ship records that a target begins, before anything may change there.
func (w *waver) ship(ctx, parts context.Context, name string) error {
	r := w.h.Open()
	if t := r.Waves.Targets[name]; !t.Started() {
		if err := w.append(ctx, KindTargetStarted, TargetStartedBody{Target: name, Wave: t.Wave}); err != nil {
			return err
		}
	}
	kind := JobShip
	if r.Kind == BackOut {
		kind = JobBack
	}
	w.begin(parts, name, kind)
	return nil
}

// begin starts a try of a job.
func (w *waver) begin(parts context.Context, name string, kind PartJob) {
	j := w.jobs[name]
	if j == nil || j.kind != kind {
		j = &job{kind: kind}
		w.jobs[name] = j
	}
	r := w.h.Open()
	var ctx context.Context
	ctx, j.cancel = context.WithCancel(parts)
	j.running, j.since, j.retry = true, w.e.Clock.Now(), time.Time{}
	j.left = false
	p := part{e: w.e, stay: Stay{Wait: w.stay.Wait, Deadline: w.stay.Deadline, leave: w.leave}, whole: w.key, number: r.Number, started: r.OpenedAt, owner: r.Owner, reason: r.Reason, back: *r.Waves.Targets[name]}
	p.spec, _ = r.Spec.Part(name)
	if w.h.Owner != nil {
		p.owner = *w.h.Owner
	}
	if w.h.Renamed != nil {
		p.before = w.h.Renamed
	}
	if r.Kind == BackOut {
		p.back.Before = &r.Spec.Payload
		p.reason = r.Asked
	}
	go func() {
		end, err := p.run(ctx, kind)
		w.done <- jobEnd{name: name, part: end, err: err}
	}()
}

// stop makes a target that is being shipped to go back. What runs is cut short
// first; the job of stopping begins when it has ended.
func (w *waver) stop(parts context.Context, name string) {
	if j := w.jobs[name]; j != nil && j.running {
		j.kind, j.since = JobStop, w.e.Clock.Now()
		j.cancel()
		return
	}
	w.begin(parts, name, JobStop)
}

// await waits until nothing of this driver runs any more, and cuts short what does
// where it may. What the targets tell by
// then is in their own streams, where the next driver finds it.
func (w *waver) await(cut bool) {
	for _, j := range w.jobs {
		if j.running && cut {
			j.cancel()
		}
	}
	for slices.ContainsFunc(w.running(), func(j *job) bool { return j.running }) {
		w.took(<-w.done)
	}
}

func (w *waver) running() []*job {
	var all []*job
	for _, j := range w.jobs {
		all = append(all, j)
	}
	return all
}

// took notes that a try has ended.
func (w *waver) took(end jobEnd) {
	w.jobs[end.name].cancel()
	w.jobs[end.name].running = false
	w.ended = append(w.ended, end)
}

// pause waits until a job ends, or until it is time to decide again. It looks into
// the ledger often enough to see somebody's abort.
func (w *waver) pause(ctx context.Context, until time.Time) error {
	now := w.e.Clock.Now()
	limit := min(until.Sub(now), w.lease.TTL/4, max(w.h.Open().Spec.Strategy.Analysis.Interval.Std(), time.Second))
	if !w.graceEnd.IsZero() {
		limit = min(limit, w.graceEnd.Sub(now)+shortestWait)
	}
	limit = w.untilLate(limit, now)
	short, cancel := context.WithCancel(ctx)
	defer cancel()
	if w.e.HandOver != nil && !w.goingBack() {
		defer context.AfterFunc(w.e.HandOver, cancel)()
	}
	slept := make(chan error, 1)
	go func() { slept <- w.e.Clock.Sleep(short, max(limit, shortestWait)) }()
	select {
	case end := <-w.done:
		w.took(end)
		cancel()
		if err := <-slept; ctx.Err() != nil {
			return err
		}
		return nil
	case err := <-slept:
		if ctx.Err() == nil {
			return nil
		}
		return err
	}
}
