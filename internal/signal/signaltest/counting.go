package signaltest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// tally sums events by metric and arm.
type tally map[signal.Query]map[target.Arm][2]float64

func (s tally) add(q signal.Query, arm target.Arm, bad, total float64) {
	if s[q] == nil {
		s[q] = map[target.Arm][2]float64{}
	}
	sum := s[q][arm]
	s[q][arm] = [2]float64{sum[0] + bad, sum[1] + total}
}

func (s tally) addAll(queries []signal.Query, got signal.Counts) {
	for _, c := range got.Counts {
		for _, q := range queries {
			if q.Metric == c.Metric {
				s.add(q, c.Arm, c.Bad, c.Total)
			}
		}
	}
}

// happen lets random events happen and adds them up.
func happen(w World, rnd *rand.Rand, truth tally) {
	for _, q := range w.queries() {
		for _, arm := range []target.Arm{target.Baseline, target.Canary} {
			bad, good := rnd.IntN(4), rnd.IntN(20)
			w.Record(q.Metric, arm, bad, good)
			truth.add(q, arm, float64(bad), float64(bad+good))
		}
	}
}

func problems(format string, args ...any) []string { return []string{fmt.Sprintf(format, args...)} }

func eachEventOnce(ctx context.Context, w World) []string {
	f, err := follow(ctx, w)
	if err != nil {
		return problems("%v", err)
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	truth, counted := tally{}, tally{}
	for range 12 {
		for range rnd.IntN(3) {
			happen(w, rnd, truth)
			w.Clock.Advance(time.Duration(rnd.IntN(1000)) * time.Millisecond)
		}
		if rnd.IntN(2) == 0 {
			if err := f.reopen(); err != nil {
				return problems("%v", err)
			}
		}
		got, err := f.ask(ctx)
		if err != nil {
			return problems("%v", err)
		}
		if !got.Primed || len(got.Missing) > 0 {
			return problems("primed is %v and missing %v although both arms have data", got.Primed, got.Missing)
		}
		counted.addAll(w.queries(), got)
	}
	if diff := cmp.Diff(truth, counted); diff != "" {
		return problems("what happened and what was counted differ (-happened +counted):\n%s", diff)
	}
	return nil
}

func sameCursorSameAnswer(ctx context.Context, w World) []string {
	f, err := follow(ctx, w)
	if err != nil {
		return problems("%v", err)
	}
	happen(w, rand.New(rand.NewPCG(3, 4)), tally{})
	w.Clock.Advance(w.Delay + time.Second)
	first, err := f.source.Counts(ctx, f.request())
	if err != nil {
		return problems("Counts() failed: %v", err)
	}
	second, err := f.source.Counts(ctx, f.request())
	if err != nil {
		return problems("Counts() failed when asked again: %v", err)
	}
	if diff := cmp.Diff(first.Counts, second.Counts); diff != "" {
		return problems("asked again with the same cursor it answers otherwise (-first +second):\n%s", diff)
	}
	return nil
}

func noEventsIsZero(ctx context.Context, w World) []string {
	f, err := follow(ctx, w)
	if err != nil {
		return problems("%v", err)
	}
	happen(w, rand.New(rand.NewPCG(5, 6)), tally{})
	if _, err := f.ask(ctx); err != nil {
		return problems("%v", err)
	}
	got, err := f.ask(ctx)
	if err != nil {
		return problems("%v", err)
	}
	if len(got.Missing) > 0 || slices.ContainsFunc(got.Counts, func(c signal.Count) bool { return c.Total != 0 }) {
		return problems("nothing happened, and the answer is %+v, missing %+v", got.Counts, got.Missing)
	}
	return nil
}

// noDataIsMissing never lets the canary be known to the store.
func noDataIsMissing(ctx context.Context, w World) []string {
	w.Record(w.Errors, target.Baseline, 1, 9)
	f := &follower{w: w, since: w.Clock.Now()}
	w.Slow = ""
	f.w = w
	if err := f.reopen(); err != nil {
		return problems("%v", err)
	}
	if _, err := f.ask(ctx); err != nil {
		return problems("%v", err)
	}
	w.Record(w.Errors, target.Baseline, 1, 9)
	got, err := f.ask(ctx)
	if err != nil {
		return problems("%v", err)
	}
	for _, m := range got.Missing {
		if m.Arm == target.Canary {
			return nil
		}
	}
	return problems("the store knows no canary, and the answer is %+v, missing %+v", got.Counts, got.Missing)
}

func completeThrough(ctx context.Context, w World) []string {
	f, err := follow(ctx, w)
	if err != nil {
		return problems("%v", err)
	}
	var last time.Time
	for range 3 {
		happened := w.Clock.Now()
		w.Record(w.Errors, target.Canary, 1, 1)
		got, err := f.ask(ctx)
		if err != nil {
			return problems("%v", err)
		}
		counted := tally{}
		counted.addAll(w.queries(), got)
		all := counted[signal.Query{Metric: w.Errors}][target.Canary][1]
		switch {
		case got.CompleteThrough.IsZero() || got.CompleteThrough.Before(last):
			return problems("complete through went from %s to %s", last, got.CompleteThrough)
		case got.CompleteThrough.After(happened) && all == 0:
			return problems("the answer is complete through %s and lacks events of %s", got.CompleteThrough, happened)
		}
		last = got.CompleteThrough
	}
	return nil
}

func restart(ctx context.Context, w World) []string {
	if w.Restart == nil {
		return nil
	}
	f, err := follow(ctx, w)
	if err != nil {
		return problems("%v", err)
	}
	w.Record(w.Errors, target.Canary, 40, 60)
	if _, err := f.ask(ctx); err != nil {
		return problems("%v", err)
	}
	w.Restart()
	w.Record(w.Errors, target.Canary, 3, 4)
	got, err := f.ask(ctx)
	if err != nil {
		return problems("%v", err)
	}
	counted := tally{}
	counted.addAll(w.queries(), got)
	want := [2]float64{3, 7}
	if have := counted[signal.Query{Metric: w.Errors}][target.Canary]; have != want {
		return problems("bad and total after a restart are %v, want %v", have, want)
	}
	if got.Resets == 0 {
		return problems("the restart is not told in resets")
	}
	return nil
}
