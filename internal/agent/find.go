package agent

import (
	"context"
	"strings"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/agent/presence"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// How far back a look for new rollouts reaches. Records carry their writer's clock,
// so what is new may be dated a little back, and each minute by more; what is dated
// back further is found by the sweep over all heads.
const (
	overlap     = 30 * time.Second
	longOverlap = 15 * time.Minute
	longEvery   = time.Minute
)

// streams is the prefix of the releases' streams.
const streams = "release/"

// found is a release that may have something to drive.
type found struct {
	key release.Key
	// seq is the record that says so, and at when that was written.
	seq uint64
	at  time.Time
	// urgent is true for what goes back.
	urgent bool
	// sure is true where the record itself says that a rollout is open.
	sure bool
}

// finder finds what is open with little reading: the heads of all streams at first
// and then seldom, and between them only what was opened since. It is used by one
// goroutine.
type finder struct {
	ledger ledger.Ledger
	clock  clock.Clock
	self   presence.Agent

	last, swept, long time.Time
	// seen holds the highest record of each stream that was handed out.
	seen map[string]uint64
}

// openers are the kinds that mean work for somebody.
var openers = []string{release.KindOpened, release.KindBackRequested, release.KindAbortRequested}

// next returns what came since the last call.
func (f *finder) next(ctx context.Context) ([]found, error) {
	now := f.clock.Now()
	if f.swept.IsZero() || now.Sub(f.swept) >= sweepEvery || now.Before(f.swept) {
		heads, err := f.ledger.Heads(ctx, streams)
		if err != nil {
			return nil, err
		}
		f.swept, f.long, f.last = now, now, now
		return f.of(heads), nil
	}
	filter := ledger.Filter{StreamPrefix: streams, Kinds: openers, Since: f.last.Add(-overlap)}
	long := now.Sub(f.long) >= longEvery
	if long {
		filter.Since = f.last.Add(-longOverlap)
	}
	records, err := f.ledger.Query(ctx, filter)
	if err != nil {
		return nil, err
	}
	f.last = now
	if long {
		f.long = now
	}
	return f.of(records), nil
}

// of picks what is new and this agent's to drive.
func (f *finder) of(records []ledger.Record) []found {
	if f.seen == nil {
		f.seen = map[string]uint64{}
	}
	var out []found
	for _, r := range records {
		key, err := release.ParseKey(strings.TrimPrefix(r.Stream, streams))
		if err != nil || !f.self.Drives(key.Service, key.Environment) || r.Seq <= f.seen[r.Stream] {
			continue
		}
		if settled(r.Kind) {
			continue
		}
		f.seen[r.Stream] = r.Seq
		out = append(out, found{key: key, seq: r.Seq, at: r.At, urgent: backward(r.Kind), sure: forward(r.Kind) && key.Target == ""})
	}
	return out
}

// settled reports whether nothing can be open behind a head of this kind.
func settled(kind string) bool {
	switch kind {
	case release.KindAdopted, release.KindReleased, release.KindSpecified, release.KindDependencies:
		return true
	}
	state, ok := strings.CutPrefix(kind, "rollout.")
	return ok && release.State(state).Final()
}

// forward reports whether a rollout is certainly open behind a head of this kind.
func forward(kind string) bool {
	switch kind {
	case release.KindOpened, release.KindAnalysis, release.KindGates, release.KindIntent, release.KindOutcome, release.KindStepPassed:
		return true
	}
	return strings.HasPrefix(kind, "rollout.") && !settled(kind)
}

// backward reports whether what follows leads back, which waits for nothing.
func backward(kind string) bool {
	switch kind {
	case release.KindBackRequested, release.KindAbortRequested:
		return true
	}
	state, ok := strings.CutPrefix(kind, "rollout.")
	return ok && release.State(state).GoingBack()
}
