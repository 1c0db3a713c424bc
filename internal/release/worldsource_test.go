package release_test

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// worldSource counts what the users got.
type worldSource struct{ w *world }

func (s *worldSource) Metrics() []string { return []string{"errors"} }

func (s *worldSource) History(context.Context, signal.HistoryRequest) (signal.History, error) {
	if s.w.silent {
		return signal.History{}, errors.New("the store does not answer")
	}
	return signal.History{}, nil
}

func (s *worldSource) Counts(_ context.Context, req signal.Request) (signal.Counts, error) {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	if s.w.silent {
		return signal.Counts{}, errors.New("the store does not answer")
	}
	s.w.asked++
	if s.w.scrape > 0 && req.Cursor != nil && s.w.clock.Now().Before(s.w.scraped.Add(s.w.scrape)) {
		return signal.Counts{CompleteThrough: s.w.scraped, Cursor: req.Cursor}, nil
	}
	s.w.scraped = s.w.clock.Now()
	s.w.count()
	cursor, err := json.Marshal(s.w.sums)
	if err != nil {
		return signal.Counts{}, err
	}
	out := signal.Counts{CompleteThrough: req.Until, Primed: req.Cursor != nil, Cursor: cursor}
	if !out.Primed {
		return out, nil
	}
	var before map[target.Arm][2]float64
	if err := json.Unmarshal(req.Cursor, &before); err != nil {
		return signal.Counts{}, err
	}
	for _, arm := range []target.Arm{target.Baseline, target.Canary} {
		now, then := s.w.sums[arm], before[arm]
		if s.w.empty == arm {
			out.Missing = append(out.Missing, signal.Missing{Metric: "errors", Arm: arm, Reason: "no series has this label"})
			continue
		}
		out.Counts = append(out.Counts, signal.Count{Metric: "errors", Arm: arm, Bad: now[0] - then[0], Total: now[1] - then[1]})
	}
	return out, nil
}

// keptSource is one whose store keeps what happened while nobody asked.
type keptSource struct{ worldSource }

func (*keptSource) KeepsFor() time.Duration { return time.Hour }

func (s *keptSource) Counts(ctx context.Context, req signal.Request) (signal.Counts, error) {
	since := s.w.scraped
	out, err := s.worldSource.Counts(ctx, req)
	if err == nil && out.Primed && req.Block > 0 {
		out.Kept = s.w.keeps(signal.Span{Start: since, End: out.CompleteThrough})
	}
	return out, err
}
