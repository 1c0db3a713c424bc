package release

import (
	"fmt"
	"slices"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// WaveProgress is how far a rollout over many targets has come, folded from its
// records.
type WaveProgress struct {
	// Waves are the names of the targets, wave by wave.
	Waves   [][]string                 `json:"waves"`
	Seed    string                     `json:"seed,omitempty"`
	Already []string                   `json:"already,omitempty"`
	Targets map[string]*TargetProgress `json:"targets"`
	// Soaked is the observed time since the end of the wave that ended last, and
	// Watched the last look at it.
	Soaked  time.Duration    `json:"soaked,omitempty"`
	Watched *WaveWatchedBody `json:"watched,omitempty"`

	// watchedAt is when that was; endedAt is when the last target of a wave ended.
	watchedAt, endedAt time.Time
	// illLooks counts in how many looks in a row a target was ill.
	illLooks map[string]int
}

// begun is whether a target was begun with.
func (p *WaveProgress) begun() bool {
	for _, t := range p.Targets {
		if t.Started() {
			return true
		}
	}
	return false
}

// TargetProgress is one target of a rollout over many.
type TargetProgress struct {
	Name string `json:"name"`
	// Wave counts from 0.
	Wave      int       `json:"wave"`
	StartedAt time.Time `json:"started_at,omitzero"`
	EndedAt   time.Time `json:"ended_at,omitzero"`
	// Result is how its own rollout ended, empty before.
	Result Result `json:"result,omitempty"`
	Cause  Cause  `json:"cause,omitempty"`
	Reason string `json:"reason,omitempty"`
	// Rollout is the number of its own rollout, 0 where there was none.
	Rollout int `json:"part_rollout,omitempty"`
	// Failed counts against the failure budget.
	Failed bool `json:"failed,omitempty"`
	// Changed is true while it serves the artifact because of this rollout.
	Changed bool              `json:"changed,omitempty"`
	Before  *artifact.Payload `json:"before,omitempty"`
	BackAt  time.Time         `json:"back_at,omitzero"`
	// Kept says why it could not go back, empty where it could or need not.
	Kept string `json:"kept,omitempty"`
	// Waiting is why it could not begin when it was last tried.
	Waiting string `json:"waiting,omitempty"`

	endedSeq uint64
}

// Started and Ended say how far the target has come.
func (t *TargetProgress) Started() bool { return !t.StartedAt.IsZero() }

// Ended is whether its own rollout has ended, in whatever way.
func (t *TargetProgress) Ended() bool { return !t.EndedAt.IsZero() }

// owed is whether the target still has to go back, when everything does.
func (t *TargetProgress) owed() bool { return t.Changed && t.BackAt.IsZero() }

func newWaveProgress(b OpenedBody) *WaveProgress {
	p := &WaveProgress{Seed: b.Waves.Seed, Already: b.Waves.Already, Targets: map[string]*TargetProgress{}}
	p.Waves = b.Spec.Waves.normalize().Split(b.Waves.Order)
	for i, wave := range p.Waves {
		for _, name := range wave {
			p.Targets[name] = &TargetProgress{Name: name, Wave: i}
		}
	}
	return p
}

// addWaves folds a record about one of many targets. known is false for all others.
func (r *Rollout) addWaves(rec ledger.Record) (known bool, err error) {
	p := r.Waves
	if p == nil {
		return false, nil
	}
	switch rec.Kind {
	case KindTargetStarted:
		return true, with(rec, func(b TargetStartedBody) error {
			return p.about(b.Target, func(t *TargetProgress) { t.StartedAt, t.Waiting = rec.At, "" })
		})
	case KindTargetWaiting:
		return true, with(rec, func(b TargetWaitingBody) error {
			return p.about(b.Target, func(t *TargetProgress) { t.Waiting = b.Reason })
		})
	case KindTargetEnded:
		return true, with(rec, func(b TargetEndedBody) error {
			err := p.about(b.Target, func(t *TargetProgress) { t.end(rec, b) })
			r.Weight = p.share()
			p.endedAt = rec.At
			p.Soaked, p.Watched, p.watchedAt = 0, nil, time.Time{}
			return err
		})
	case KindTargetFailed:
		return true, with(rec, func(b TargetFailedBody) error {
			return p.about(b.Target, func(t *TargetProgress) { t.Failed, t.Cause, t.Reason = true, b.Cause, b.Reason })
		})
	case KindTargetBack:
		return true, with(rec, func(b TargetBackBody) error {
			err := p.about(b.Target, func(t *TargetProgress) { t.back(rec, b) })
			r.Weight = p.share()
			return err
		})
	case KindWaveWatched:
		return true, with(rec, func(b WaveWatchedBody) error {
			p.Soaked += b.Soak.Std()
			p.Watched, p.watchedAt = &b, rec.At
			looks := map[string]int{}
			for name := range b.Ill {
				looks[name] = p.illLooks[name] + 1
			}
			p.illLooks = looks
			return nil
		})
	default:
		return false, nil
	}
}

func (p *WaveProgress) about(name string, do func(*TargetProgress)) error {
	t := p.Targets[name]
	if t == nil {
		return fmt.Errorf("the rollout has no target %q", name)
	}
	do(t)
	return nil
}

func (t *TargetProgress) end(rec ledger.Record, b TargetEndedBody) {
	t.EndedAt, t.endedSeq, t.Waiting = rec.At, rec.Seq, ""
	t.Result, t.Cause, t.Reason, t.Rollout = b.Result, b.Cause, b.Reason, b.Rollout
	t.Changed, t.Before = b.Changed, b.Before
	switch b.Result {
	case Shipped, Adopted, Unchanged:
	default:
		// One that was stopped with all others says nothing about itself.
		t.Failed = b.Cause != CauseWaves
	}
}

func (t *TargetProgress) back(rec ledger.Record, b TargetBackBody) {
	t.BackAt = rec.At
	if b.Kept {
		t.Kept = b.Reason
	}
}

// Serve names the targets of the rollout that serve its artifact, in their order;
// those that served it before are among them.
func (p *WaveProgress) Serve() []string {
	names := slices.Clone(p.Already)
	return append(names, p.names(func(t *TargetProgress) bool {
		return t.Ended() && (t.Changed && (t.BackAt.IsZero() || t.Kept != "") || !t.Changed && !t.Failed && t.Result != Stopped)
	})...)
}

// Failed names the targets that count against the budget.
func (p *WaveProgress) Failed() []string {
	return p.names(func(t *TargetProgress) bool { return t.Failed })
}

func (p *WaveProgress) names(which func(*TargetProgress) bool) []string {
	var names []string
	for _, t := range p.All() {
		if which(t) {
			names = append(names, t.Name)
		}
	}
	return names
}

// All lists the targets in the order of the waves.
func (p *WaveProgress) All() []*TargetProgress {
	all := make([]*TargetProgress, 0, len(p.Targets))
	for _, wave := range p.Waves {
		for _, name := range wave {
			all = append(all, p.Targets[name])
		}
	}
	return all
}

// Total is how many targets the release has.
func (p *WaveProgress) Total() int { return len(p.Targets) + len(p.Already) }

// share is how many percent of the targets serve the artifact.
func (p *WaveProgress) share() float64 {
	return 100 * float64(len(p.Serve())) / float64(p.Total())
}

// Current is the index of the wave that is under way or comes next; the number of
// waves when all have ended.
func (p *WaveProgress) Current() int {
	for i, wave := range p.Waves {
		if slices.ContainsFunc(wave, func(name string) bool { return !p.Targets[name].Ended() }) {
			return i
		}
	}
	return len(p.Waves)
}

// Mixed is whether the targets of the release were left with different artifacts
// by its last rollout.
func (h *History) Mixed() bool {
	r := h.Last()
	if r == nil || r.Waves == nil || !r.State.Final() || r.State == Succeeded {
		return false
	}
	n := len(r.Waves.Serve())
	return n > 0 && n < r.Waves.Total()
}
