package release

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/credential"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// Wait says how long a run stays with a rollout that goes forward. One that goes
// back is driven to its end whatever it says.
type Wait string

// The waits.
const (
	// WaitComplete stays until the rollout has ended.
	WaitComplete Wait = "complete"
	// WaitStep returns when the step that the run found is decided, and earlier when
	// nothing but time is missing, more of it than stepPatience.
	WaitStep Wait = "step"
	// WaitStarted returns when the first effect is in the record; from a rollout that
	// had begun before, when all that is due has been done.
	WaitStarted Wait = "started"
)

// Waits lists the waits in the order of the documentation.
func Waits() []string {
	return []string{string(WaitComplete), string(WaitStep), string(WaitStarted)}
}

// Short is whether a run that waits so may leave its rollout open.
func (w Wait) Short() bool { return w == WaitStep || w == WaitStarted }

// stepPatience is how long a run with WaitStep stays for something that is about to
// be decided.
const stepPatience = time.Minute

// Stay says when a run may return though its rollout is open. The zero value stays
// to the end. A run that left says Underway without an error; the rollout then is in
// the ledger as it stands at the target, between two calls, and the lease is given
// back.
type Stay struct {
	Wait Wait
	// Deadline is the instant by which the run has returned, on the engine's clock:
	// the limit of a job. Zero for none. No call to a target begins that could last beyond
	// it, save to bring traffic back. Credentials that nobody renews end a run as well.
	Deadline time.Time
	// leave is closed when a rollout over many targets wants its parts to return.
	leave <-chan struct{}
}

// errLeft says that a run has left its rollout open as its Stay allows.
var errLeft = errors.New("the run has left the rollout open")

// ErrNoTime is returned when so little is left of a run's time that it begins
// nothing.
var ErrNoTime = errors.New("the time of this run is used up, so nothing was begun")

// staying is what a driver knows of its own stay with one rollout.
type staying struct {
	Stay
	// number and step are where the rollout stood when this run came to it, and begun
	// whether anything had been done for it by then.
	number, step int
	begun        bool
	// at is the step that the run stands at now, baking included, and since when.
	at    [2]int
	since time.Time
	// partLeftFor are the credentials for whose end a part of the rollout was left open.
	partLeftFor credential.End
}

// arrive notes where the rollout stands when a run comes to it.
func (s *staying) arrive(r *Rollout, now time.Time) {
	if r == nil || s.number == r.Number {
		return
	}
	s.number, s.step, s.since = r.Number, r.Step, now
	s.begun = r.Outcome != nil || r.Intent != nil || r.Ticks > 0 || r.Waves != nil && r.Waves.begun()
	if r.Waves != nil {
		s.step = r.Waves.Current()
	}
}

// past is whether the deadline has passed.
func (s *staying) past(now time.Time) bool { return !s.Deadline.IsZero() && !now.Before(s.Deadline) }

// asked is whether whoever drives the whole wants this part to return.
func (s *staying) asked() bool {
	select {
	case <-s.leave:
		return true
	default:
		return false
	}
}

// stops says why a driver goes no further, whatever is to be done next: the process
// hands over, or a way back has outlasted the run's time by the grace.
func (d *driver) stops(back bool) error {
	switch {
	case !back && d.e.stopping():
		return errHandOver
	case back && d.stay.past(d.e.Clock.Now()) && d.graceOver():
		return context.DeadlineExceeded
	default:
		return nil
	}
}

// leaves is whether the run returns now instead of carrying the decision out. It
// never does from a way back, so that a rollback waits for nobody.
func (d *driver) leaves(decision Decision) bool {
	r, now := d.h.Open(), d.e.Clock.Now()
	d.stay.arrive(r, now)
	if at := [2]int{r.Step, phase(r)}; at != d.stay.at {
		d.stay.at, d.stay.since = at, now
	}
	switch {
	case decision.back(), decision.Action == ActStop:
		return false
	case d.late(now), d.stay.asked():
		return true
	case d.stay.Wait == WaitStarted && d.stay.begun:
		return decision.Action == ActWait
	case d.stay.Wait == WaitStarted:
		return r.Ticks > 0 || r.Outcome != nil || r.Intent != nil && r.Failure == nil
	case d.stay.Wait == WaitStep:
		return d.decided(r) || decision.Action == ActWait && d.onlyTime(r, decision.Until, now)
	default:
		return false
	}
}

// phase tells the bake from the step before it.
func phase(r *Rollout) int {
	if r.baking() {
		return 1
	}
	return 0
}

// decided is whether the step that this run found is over.
func (d *driver) decided(r *Rollout) bool {
	return r.Step > d.stay.step && r.Intent == nil && (r.State == Stepping || r.State == Paused)
}

// leave says that the run leaves the rollout open. It is a run's look that renews the
// dead-man switch, so one whose look has grown old, as on a machine under load, looks once
// more, and walks no step for it. What it cannot see it leaves to whoever goes on, or to
// the switch.
func (d *driver) leave(ctx context.Context) error {
	r, now := d.h.Open(), d.e.Clock.Now()
	fresh := d.obs.Target != nil && within(now, d.obs.TargetAt, r.Spec.Strategy.Analysis.Interval.Std())
	if d.stay.Wait != WaitStep || !d.decided(r) || fresh || d.late(now) {
		return errLeft
	}
	obs, err := d.touchAs(ctx, r, "leave")
	switch {
	case err != nil && target.CodeOf(err) == target.CodeStaleFence:
		return d.refused(ctx, err)
	case err != nil:
		d.warn(fmt.Sprintf("the target could not be read when this run left: %v", err))
	default:
		d.saw(obs)
	}
	return errLeft
}

// onlyTime is whether nothing but time is missing, and more than is worth staying
// for. Where the time in which nobody looks is no soak, there is no use in leaving.
func (d *driver) onlyTime(r *Rollout, until, now time.Time) bool {
	if r.Intent != nil {
		return false
	}
	var missing time.Duration
	switch r.State {
	case Paused:
		return true
	case Stepping:
		missing = r.CurrentStep().AtLeast - r.Soak
	case Baking:
		missing = view{h: d.h, r: r}.bakeTime() - r.Soak
	default:
		return false
	}
	long := missing > stepPatience || until.Sub(now) > stepPatience || now.Sub(d.stay.since) > stepPatience
	return long && d.gapCounts(r)
}

// gapCounts is whether the time until the next run can become soak: because an agent
// looks meanwhile, or the runs are frequent enough, or the stores of all signals
// keep the counts.
func (d *driver) gapCounts(r *Rollout) bool {
	interval := r.Spec.Strategy.Analysis.Interval.Std()
	c := r.Spec.ContinuedBy
	switch {
	case c != nil && c.Agent:
		return true
	case c != nil && c.Every.Std() <= 2*interval+interval/2:
		return true
	case !r.counting() || len(d.sources) == 0:
		return false
	}
	for name := range r.Analysis.Queries {
		keeper, keeps := d.sources[name].(signal.Keeper)
		if !keeps || c != nil && keeper.KeepsFor() < c.Every.Std() {
			return false
		}
	}
	return true
}

// stayed is what a run returns whose rollout is still open: nothing went wrong.
func (d *driver) stayed() Outcome {
	out := d.outcome(Underway, d.obs.Target)
	out.LeftFor = d.leftFor()
	if !out.LeftFor.IsZero() {
		out.Warnings = append(out.Warnings, "this run left the rollout open because "+out.LeftFor.String())
	}
	if r := d.h.Open(); d.stay.Wait == WaitStarted && r.Waves == nil && r.counting() && r.Ticks > 1 && !d.gapCounts(r) {
		out.Warnings = append(out.Warnings, "the time between two runs is no soak here, since no store keeps the counts of it; whoever goes on must stay for it, for example: sluice continue "+d.key.String())
	}
	return out
}

// pauseFor sleeps, but not past the instant from which on the run returns, and no
// longer than until it is asked to.
func (d *driver) pauseFor(ctx context.Context, pause time.Duration) error {
	if end, _ := d.ends(); !end.IsZero() {
		for _, at := range []time.Time{end.Add(-d.e.callTimeout()), end} {
			if left := at.Sub(d.e.Clock.Now()); left > 0 {
				pause = min(pause, left)
			}
		}
	}
	pause = max(pause, shortestWait)
	if d.stay.leave == nil {
		return d.e.Clock.Sleep(ctx, pause)
	}
	short, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-d.stay.leave:
			cancel()
		case <-short.Done():
		}
	}()
	if err := d.e.Clock.Sleep(short, pause); err != nil && ctx.Err() != nil {
		return err
	}
	return nil
}

// goneOnWith answers a wish whose release somebody else drives. Where that is the
// very rollout of the wish, and the run would have left it to somebody anyway, all is
// well; anything else is the error.
func (e *Engine) goneOnWith(ctx context.Context, req ShipRequest, err error) (Outcome, error) {
	var held *ledger.HeldError
	if !errors.As(err, &held) || !req.Stay.Wait.Short() {
		return Outcome{Key: req.Spec.Key()}, err
	}
	h, unread := e.load(ctx, req.Spec.Key())
	if unread != nil {
		return Outcome{Key: req.Spec.Key()}, err
	}
	open := h.Open()
	ours := h.Owner == nil || h.Owner.ID == req.Owner.ID
	if open == nil || !ours || open.Kind != Forward || open.Abort != nil || open.State.GoingBack() || !open.Spec.Payload.Same(req.Spec.Payload) || !sameTargets(open.Spec, req.Spec) {
		return Outcome{Key: req.Spec.Key()}, err
	}
	out := outcomeOf(h, Underway, nil)
	out.Warnings = append(out.Warnings, "it is driven by "+held.GoesOn())
	return out, nil
}
