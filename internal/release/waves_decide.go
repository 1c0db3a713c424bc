package release

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// PartSeen is what the driver of a release over many targets knows itself of one
// of them. Whatever is older is in the ledger.
type PartSeen struct {
	// Job is what this driver does with the target now, empty for nothing.
	Job PartJob
	// Since is when the job began.
	Since time.Time
	// Retry is before when it is not tried again, zero for at once.
	Retry time.Time
}

// PartJob is what a driver does with one target. Each may be begun again by
// another driver at any time.
type PartJob string

// The jobs.
const (
	// JobShip brings the artifact to the target by an ordinary rollout.
	JobShip PartJob = "ship"
	// JobStop aborts the target's open rollout, if there is one.
	JobStop PartJob = "stop"
	// JobBack takes back what the rollout changed.
	JobBack PartJob = "back"
)

// WaveAction is what DecideWaves commands.
type WaveAction string

// The actions. Each but WaveWait is followed by another look.
const (
	// WaveMove appends a change of state.
	WaveMove WaveAction = "move"
	// WaveShip, WaveStop and WaveBack begin the job of that name for the targets.
	WaveShip WaveAction = "ship"
	WaveStop WaveAction = "stop"
	WaveBack WaveAction = "back"
	// WaveWatch looks at all targets that have the artifact, and counts the soak.
	WaveWatch WaveAction = "watch"
	// WaveFail records that targets are ill.
	WaveFail WaveAction = "fail"
	// WaveWait waits until Until, or until a job ends.
	WaveWait WaveAction = "wait"
)

// The events of the moves of a rollout over many targets.
const (
	EventWavesBegin     Event = "waves_begin"
	EventBudgetSpent    Event = "failure_budget_spent"
	EventAllServe       Event = "all_targets_serve"
	EventSomeServe      Event = "some_targets_serve"
	EventTargetsBack    Event = "all_targets_back"
	EventWavesStopped   Event = "waves_stopped"
	stuckAfter                = 3 * DefaultCallTimeout
	longestWavesPause         = time.Minute
	illLooksUntilFailed       = 2
)

// WaveDecision is one command for a rollout over many targets.
type WaveDecision struct {
	State   State
	Action  WaveAction
	Targets []string
	Next    State
	Move    MoveBody
	// Until is when to decide again at the latest when Action is WaveWait.
	Until time.Time
	// Soaking is whether it waits for the soak between two waves.
	Soaking bool
}

func (d WaveDecision) back() bool { return d.State.GoingBack() || d.Next.GoingBack() }

// DecideWaves says what to do next for the open rollout over many targets of a
// history. It is pure: the same arguments give the same decision. It never begins a
// target in a rollout that goes back.
func DecideWaves(h *History, seen map[string]PartSeen, now time.Time) WaveDecision {
	r := h.Last()
	v := waveView{h: h, r: r, p: r.Waves, w: r.Spec.Waves.normalize(), seen: seen, now: now}
	d := v.decide()
	d.State = r.State
	return d
}

type waveView struct {
	h    *History
	r    *Rollout
	p    *WaveProgress
	w    Waves
	seen map[string]PartSeen
	now  time.Time
}

func (v waveView) decide() WaveDecision {
	switch {
	case v.r.State.GoingBack():
		return v.goBack()
	case v.r.Abort != nil && v.r.Kind == Forward:
		return v.move(Aborting, MoveBody{Event: EventAbortRequested, Cause: v.r.Abort.Cause, Reason: v.r.Abort.Reason, Quarantine: v.r.Abort.Quarantine})
	case v.r.State == Opened:
		return v.move(Stepping, MoveBody{Event: EventWavesBegin})
	case v.spent():
		return v.spend()
	default:
		return v.forward()
	}
}

func (v waveView) move(next State, m MoveBody) WaveDecision {
	m.From = v.r.State
	return WaveDecision{Action: WaveMove, Next: next, Move: m}
}

// spent is whether more targets have failed than may.
func (v waveView) spent() bool {
	return v.r.Kind == Forward && len(v.p.Failed()) > v.w.FailureBudget
}

// spend turns the rollout back. Where only a person may do that it begins nothing
// more, and ends as it is.
func (v waveView) spend() WaveDecision {
	cause, reason := v.verdict()
	if why := v.onlyPerson(); why != "" {
		if v.busy() {
			return v.wait()
		}
		return v.move(Errored, MoveBody{Event: EventWavesStopped, Cause: CauseManual, Reason: v.serveText() + "; " + reason + "; " + why, Quarantine: cause.Condemns()})
	}
	return v.move(Reverting, MoveBody{Event: EventBudgetSpent, Cause: cause, Reason: reason, Quarantine: cause.Condemns()})
}

// verdict is why the budget is spent. One target at which the artifact was found to
// be bad condemns it.
func (v waveView) verdict() (Cause, string) {
	failed := v.p.Failed()
	cause, reasons := CauseError, make([]string, 0, len(failed))
	for _, name := range failed {
		t := v.p.Targets[name]
		if t.Cause.Condemns() && !cause.Condemns() {
			cause = t.Cause
		}
		reasons = append(reasons, name+": "+t.Reason)
	}
	return cause, fmt.Sprintf("%s failed and failure_budget is %d: %s", targetCount(len(failed)), v.w.FailureBudget, someOf(reasons))
}

func someOf(reasons []string) string {
	const most = 3
	if more := len(reasons) - most; more > 0 {
		reasons = append(slices.Clone(reasons[:most]), fmt.Sprintf("and %d more", more))
	}
	return strings.Join(reasons, "; ")
}

// onlyPerson says why the engine may not take the targets back by itself, empty
// where it may.
func (v waveView) onlyPerson() string {
	p := v.r.Spec.Policy
	switch {
	case v.r.Spec.Irreversible:
		return "the release is declared irreversible, so a person must decide"
	case !p.automatic():
		return fmt.Sprintf("the rollback policy %q leaves rollbacks to a person", p.Name)
	case v.h.AutomaticRollbacks(v.now.Add(-24*time.Hour)) >= p.maxPerDay():
		return fmt.Sprintf("max_per_day is %d, and this release has gone back by itself as often within 24 hours, so a person must decide", p.maxPerDay())
	default:
		return ""
	}
}

// forward brings the artifact to the targets, wave by wave.
func (v waveView) forward() WaveDecision {
	if ill := v.ill(); len(ill) > 0 {
		return WaveDecision{Action: WaveFail, Targets: ill}
	}
	if back := v.startable(func(t *TargetProgress) bool { return t.Failed && t.owed() }, JobBack); len(back) > 0 && v.onlyPerson() == "" {
		return WaveDecision{Action: WaveBack, Targets: back}
	}
	current := v.p.Current()
	if current == len(v.p.Waves) {
		return v.end()
	}
	if v.soaking(current) {
		if at := v.nextLook(); at.After(v.now) {
			d := v.waitUntil(at)
			d.Soaking = true
			return d
		}
		return WaveDecision{Action: WaveWatch}
	}
	if next := v.startable(func(t *TargetProgress) bool { return t.Wave == current && !t.Ended() }, JobShip); len(next) > 0 {
		return WaveDecision{Action: WaveShip, Targets: next}
	}
	return v.wait()
}

// soaking is whether the wave may not begin yet for the soak of the one before.
func (v waveView) soaking(wave int) bool {
	if v.r.Kind != Forward || wave == 0 || slices.ContainsFunc(v.p.Waves[wave], func(name string) bool { return v.p.Targets[name].Started() }) {
		return false
	}
	return v.p.Soaked < v.w.Soak.Std()
}

// nextLook is when to look at the targets of a wave that soaks.
func (v waveView) nextLook() time.Time {
	if interval := v.r.Spec.Strategy.Analysis.Interval.Std(); within(v.now, v.lastLook(), interval) {
		return v.lastLook().Add(min(interval, max(v.w.Soak.Std()-v.p.Soaked, time.Millisecond)))
	}
	return v.now
}

func (v waveView) lastLook() time.Time { return later(v.p.endedAt, v.p.watchedAt) }

// ill names the targets that were seen ill twice in a row.
func (v waveView) ill() []string {
	if v.p.Watched == nil {
		return nil
	}
	var ill []string
	for name := range v.p.Watched.Ill {
		if t := v.p.Targets[name]; t != nil && !t.Failed && v.p.illLooks[name] >= illLooksUntilFailed {
			ill = append(ill, name)
		}
	}
	slices.Sort(ill)
	return ill
}

// startable lists the targets that a job can begin with now: as many as may be
// under way at once. What is under way already but can get nowhere keeps no place.
func (v waveView) startable(which func(*TargetProgress) bool, job PartJob) []string {
	return v.startableOf(v.p.All(), which, job)
}

func (v waveView) startableOf(all []*TargetProgress, which func(*TargetProgress) bool, job PartJob) []string {
	places := v.w.MaxParallel
	for _, s := range v.seen {
		if s.Job != "" && (s.Job == JobShip || !job.goesBack() || within(v.now, s.Since, stuckAfter)) {
			places--
		}
	}
	var names []string
	for _, t := range all {
		if s := v.seen[t.Name]; len(names) < places && which(t) && s.Job == "" && !s.Retry.After(v.now) {
			names = append(names, t.Name)
		}
	}
	return names
}

func (j PartJob) goesBack() bool { return j == JobBack || j == JobStop }

func (v waveView) busy() bool {
	for _, s := range v.seen {
		if s.Job != "" {
			return true
		}
	}
	return false
}

// end closes a rollout whose targets have all ended.
func (v waveView) end() WaveDecision {
	owed := slices.ContainsFunc(v.p.All(), func(t *TargetProgress) bool { return t.Failed && t.owed() })
	if v.busy() || owed && v.onlyPerson() == "" {
		return v.wait()
	}
	if len(v.p.Serve()) == v.p.Total() && len(v.p.Failed()) == 0 {
		return v.move(Succeeded, MoveBody{Event: EventAllServe})
	}
	_, reasons := v.verdict()
	_, reasons, _ = strings.Cut(reasons, ": ")
	return v.move(Errored, MoveBody{Event: EventSomeServe, Cause: CausePartial, Reason: v.serveText() + "; " + reasons})
}

// serveText says how many targets serve the artifact.
func (v waveView) serveText() string {
	return fmt.Sprintf("released to %d of %s", len(v.p.Serve()), targetCount(v.p.Total()))
}

// goBack stops what is under way and takes back what was changed, the newest first.
func (v waveView) goBack() WaveDecision {
	// A target that is still being shipped to is stopped whoever else is stuck.
	var stop []string
	for _, t := range v.p.All() {
		if s := v.seen[t.Name]; t.Started() && !t.Ended() && (s.Job == JobShip || s.Job == "" && !s.Retry.After(v.now)) {
			stop = append(stop, t.Name)
		}
	}
	if len(stop) > 0 {
		return WaveDecision{Action: WaveStop, Targets: stop}
	}
	newest := v.p.All()
	slices.SortStableFunc(newest, func(a, b *TargetProgress) int { return cmp.Compare(b.endedSeq, a.endedSeq) })
	if back := v.startableOf(newest, (*TargetProgress).owed, JobBack); len(back) > 0 {
		return WaveDecision{Action: WaveBack, Targets: back}
	}
	if slices.ContainsFunc(newest, func(t *TargetProgress) bool { return t.Started() && !t.Ended() || t.owed() }) || v.busy() {
		return v.wait()
	}
	m := MoveBody{Event: EventTargetsBack, Cause: v.r.Cause, Reason: v.r.Reason}
	for _, t := range v.p.All() {
		if t.Kept != "" {
			m.Reason += fmt.Sprintf("; %s keeps %s: %s", t.Name, v.r.Spec.Payload.Label(), t.Kept)
		}
	}
	switch {
	case v.r.State == Aborting:
		return v.move(Aborted, m)
	case v.r.Cause == CauseError:
		return v.move(Errored, m)
	default:
		return v.move(RolledBack, m)
	}
}

func (v waveView) wait() WaveDecision {
	next := v.now.Add(longestWavesPause)
	for _, s := range v.seen {
		if s.Retry.After(v.now) && s.Retry.Before(next) {
			next = s.Retry
		}
		if free := s.Since.Add(stuckAfter); s.Job.goesBack() && free.After(v.now) && free.Before(next) {
			next = free
		}
	}
	return v.waitUntil(next)
}

func (v waveView) waitUntil(at time.Time) WaveDecision {
	return WaveDecision{Action: WaveWait, Until: at}
}
