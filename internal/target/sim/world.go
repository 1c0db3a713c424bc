package sim

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"sort"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/machine"
)

// World is who uses the service. Its counts are expected values, rounded so that
// intervals add up: the same history always gives the same counts.
type World struct {
	// RatePerSecond is how many requests come in a second, over both arms.
	RatePerSecond float64
	// Cohort is the share of requests, 0 to 1, that match whatever cohort is set.
	Cohort float64
	// Metrics are what is counted; "errors" when empty.
	Metrics []string
	// Bad is the share of bad events, 0 to 1, of a payload; nil means none.
	Bad func(metric string, p artifact.Payload) float64
	// Fault is asked at each call of the source; nil means none.
	Fault func() error
}

// span is a time in which nothing changed.
type span struct {
	from             time.Time
	baseline, canary artifact.Payload
	weight           float64
	cohort           bool
	mirror           float64
	baselineServes   bool
}

// shares says which part of all requests the arms get, 0 to 1. Mirrored copies
// come on top, at the canary.
func (s span) shares(w World) (baseline, canary float64) {
	claimed := 0.0
	if s.cohort {
		claimed = w.Cohort
	}
	canary = claimed + (1-claimed)*s.weight/100
	if s.baselineServes {
		baseline = 1 - canary
	}
	return baseline, canary + baseline*s.mirror/100
}

// history remembers who got how much traffic when.
type history struct{ spans []span }

func (h *history) note(at time.Time, s machine.State) {
	next := span{from: at, weight: s.Weight}
	if s.Extra != nil {
		next.cohort, next.mirror = s.Extra.Cohort != nil, s.Extra.Mirror
	}
	if s.Baseline != nil {
		next.baseline, next.baselineServes = s.Baseline.Payload, true
	}
	if s.Canary != nil {
		next.canary = s.Canary.Payload
	}
	if n := len(h.spans); n > 0 {
		last := h.spans[n-1]
		last.from = at
		if last == next {
			return
		}
	}
	h.spans = append(h.spans, next)
}

// Source counts what the world saw, as a signal.Source.
func (t *Target) Source() signal.Source { return &source{t} }

type source struct{ target *Target }

type cursor struct {
	At time.Time `json:"at"`
}

// Metrics implements signal.Source.
func (s *source) Metrics() []string {
	if len(s.target.opts.World.Metrics) == 0 {
		return []string{"errors"}
	}
	return s.target.opts.World.Metrics
}

// Counts implements signal.Source.
func (s *source) Counts(ctx context.Context, req signal.Request) (signal.Counts, error) {
	w := s.target.opts.World
	if err := s.ask(ctx); err != nil {
		return signal.Counts{}, err
	}
	from := cursor{At: req.Since}
	if len(req.Cursor) > 0 {
		if err := json.Unmarshal(req.Cursor, &from); err != nil {
			return signal.Counts{}, fmt.Errorf("reading the cursor: %w", err)
		}
	}
	s.target.mu.Lock()
	defer s.target.mu.Unlock()
	until := req.Until
	if now := s.target.sync(); until.After(now) {
		until = now
	}
	if until.Before(from.At) {
		until = from.At
	}
	out := signal.Counts{CompleteThrough: until, Primed: true}
	for _, q := range req.Queries {
		for _, arm := range []target.Arm{target.Baseline, target.Canary} {
			bad0, total0 := s.target.history.sum(w, q.Metric, arm, from.At)
			bad1, total1 := s.target.history.sum(w, q.Metric, arm, until)
			c := signal.Count{Metric: q.Metric, Arm: arm, Bad: floor(bad1) - floor(bad0), Total: floor(total1) - floor(total0)}
			c.Bad = min(c.Bad, c.Total)
			out.Counts = append(out.Counts, c)
		}
	}
	at, err := json.Marshal(cursor{At: until})
	if err != nil {
		return signal.Counts{}, fmt.Errorf("writing the cursor: %w", err)
	}
	out.Cursor = at
	return out, nil
}

// History implements signal.Source: the baseline has always been as it is now.
func (s *source) History(ctx context.Context, req signal.HistoryRequest) (signal.History, error) {
	if err := s.ask(ctx); err != nil {
		return signal.History{}, err
	}
	s.target.mu.Lock()
	defer s.target.mu.Unlock()
	s.target.sync()
	out := signal.History{Blocks: map[string][]signal.Block{}, Thresholds: map[string]time.Duration{}}
	b, w := s.target.machine.State.Baseline, s.target.opts.World
	if b == nil || req.Block <= 0 {
		return out, nil
	}
	for _, metric := range req.Metrics {
		total := math.Round(w.RatePerSecond * req.Block.Seconds())
		for range req.Span / req.Block {
			out.Blocks[metric] = append(out.Blocks[metric], signal.Block{Bad: math.Round(total * w.bad(metric, b.Payload)), Total: total})
		}
	}
	for metric := range req.Quantiles {
		out.Thresholds[metric] = 100 * time.Millisecond
	}
	return out, nil
}

func (s *source) ask(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("asking the simulated world: %w", err)
	}
	if s.target.opts.World.Fault != nil {
		return s.target.opts.World.Fault()
	}
	return nil
}

func (w World) bad(metric string, p artifact.Payload) float64 {
	if w.Bad == nil {
		return 0
	}
	return w.Bad(metric, p)
}

// sum gives the expected events of an arm from the beginning until at.
func (h *history) sum(w World, metric string, arm target.Arm, at time.Time) (bad, total float64) {
	n := sort.Search(len(h.spans), func(i int) bool { return h.spans[i].from.After(at) })
	for i := range n {
		s, end := h.spans[i], at
		if i+1 < n {
			end = h.spans[i+1].from
		}
		share, p := 0.0, s.canary
		if arm == target.Baseline {
			share, _ = s.shares(w)
			p = s.baseline
		} else {
			_, share = s.shares(w)
		}
		events := w.RatePerSecond * end.Sub(s.from).Seconds() * share
		total += events
		bad += events * w.bad(metric, p)
	}
	return bad, total
}

// floor rounds down, forgiving what adding up floating point numbers loses.
func floor(x float64) float64 { return math.Floor(x + 1e-6) }
