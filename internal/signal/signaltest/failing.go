package signaltest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// noMetric is a name that no fixture gives a metric.
const noMetric = "no-such-metric"

func metricsListed(_ context.Context, w World) []string {
	source, err := w.Open()
	if err != nil {
		return problems("Open() failed: %v", err)
	}
	metrics := source.Metrics()
	for _, q := range w.queries() {
		if !slices.Contains(metrics, q.Metric) {
			return problems("Metrics() = %q, which lacks %q", metrics, q.Metric)
		}
	}
	if !slices.IsSorted(metrics) || !slices.Equal(metrics, source.Metrics()) {
		return problems("Metrics() = %q is not in order each time", metrics)
	}
	if n := w.Requests(); n > 0 {
		return problems("Open() and Metrics() made %d requests", n)
	}
	return nil
}

func storeDown(ctx context.Context, w World) []string {
	f, err := follow(ctx, w)
	if err != nil {
		return problems("%v", err)
	}
	truth, counted := tally{}, tally{}
	happen(w, rand.New(rand.NewPCG(7, 8)), truth)
	w.Down(true)
	got, err := f.source.Counts(ctx, f.request())
	if err == nil {
		return problems("the store is down, and the answer is %+v", got)
	}
	if len(got.Counts) > 0 || len(got.Cursor) > 0 {
		return problems("an error comes with the answer %+v", got)
	}
	w.Down(false)
	if got, err = f.ask(ctx); err != nil {
		return problems("%v", err)
	}
	counted.addAll(w.queries(), got)
	if diff := cmp.Diff(truth, counted); diff != "" {
		return problems("events while the store was down are lost or doubled (-happened +counted):\n%s", diff)
	}
	return nil
}

func cancelled(ctx context.Context, w World) []string {
	f, err := follow(ctx, w)
	if err != nil {
		return problems("%v", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := f.source.Counts(ctx, f.request()); !errors.Is(err, context.Canceled) {
		return problems("Counts() with a cancelled context = %v, want context.Canceled", err)
	}
	if _, err := f.source.History(ctx, w.historyRequest()); !errors.Is(err, context.Canceled) {
		return problems("History() with a cancelled context = %v, want context.Canceled", err)
	}
	return nil
}

func deadline(ctx context.Context, w World) []string {
	f, err := follow(ctx, w)
	if err != nil {
		return problems("%v", err)
	}
	w.Stuck(true)
	defer w.Stuck(false)
	short, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
	defer cancel()
	if _, err := f.source.Counts(short, f.request()); !errors.Is(err, context.DeadlineExceeded) {
		return problems("Counts() past its deadline = %v, want context.DeadlineExceeded", err)
	}
	if ctx.Err() != nil {
		return problems("Counts() went on long after its deadline")
	}
	return nil
}

func unknownMetric(ctx context.Context, w World) []string {
	source, err := w.Open()
	if err != nil {
		return problems("Open() failed: %v", err)
	}
	req := signal.Request{Queries: []signal.Query{{Metric: noMetric}}, Since: w.Clock.Now(), Until: w.Clock.Now()}
	if _, err := source.Counts(ctx, req); err == nil || !strings.Contains(err.Error(), noMetric) {
		return problems("Counts() of an unknown metric = %v, want an error that names it", err)
	}
	if _, err := source.History(ctx, signal.HistoryRequest{Metrics: []string{noMetric}, Until: w.Clock.Now()}); err == nil || !strings.Contains(err.Error(), noMetric) {
		return problems("History() of an unknown metric = %v, want an error that names it", err)
	}
	return nil
}

func damagedCursor(ctx context.Context, w World) []string {
	f, err := follow(ctx, w)
	if err != nil {
		return problems("%v", err)
	}
	for _, damaged := range []string{`{`, `"x"`, `{}`, `[1]`, string(f.cursor[:len(f.cursor)/2])} {
		req := f.request()
		req.Cursor = json.RawMessage(damaged)
		if got, err := f.source.Counts(ctx, req); err == nil {
			return problems("with the damaged cursor %s the answer is %+v, want an error", damaged, got)
		}
	}
	return nil
}

func concurrent(ctx context.Context, w World) []string {
	f, err := follow(ctx, w)
	if err != nil {
		return problems("%v", err)
	}
	truth := tally{}
	happen(w, rand.New(rand.NewPCG(9, 10)), truth)
	w.Clock.Advance(w.Delay + time.Second)
	found := make([]string, 8)
	var wg sync.WaitGroup
	for i := range found {
		wg.Go(func() {
			got, err := f.source.Counts(ctx, f.request())
			counted := tally{}
			counted.addAll(w.queries(), got)
			if diff := cmp.Diff(truth, counted); err != nil || diff != "" {
				found[i] = fmt.Sprintf("caller %d: %v (-happened +counted):\n%s", i, err, diff)
			}
		})
	}
	wg.Wait()
	return slices.DeleteFunc(found, func(s string) bool { return s == "" })
}

func fewRequests(ctx context.Context, w World) []string {
	f, err := follow(ctx, w)
	if err != nil {
		return problems("%v", err)
	}
	before := w.Requests()
	if _, err := f.ask(ctx); err != nil {
		return problems("%v", err)
	}
	if n := w.Requests() - before; n > w.PerCounts {
		return problems("Counts() with %d queries made %d requests, want at most %d", len(w.queries()), n, w.PerCounts)
	}
	return nil
}

func (w World) historyRequest() signal.HistoryRequest {
	req := signal.HistoryRequest{Metrics: []string{w.Errors}, Until: w.Clock.Now(), Span: 24 * time.Hour, Block: 10 * time.Minute}
	if w.Slow != "" {
		req.Metrics = append(req.Metrics, w.Slow)
		req.Quantiles = map[string]float64{w.Slow: 0.5}
	}
	return req
}

// history asks before anything happened, when nothing can be told, and after.
func history(ctx context.Context, w World) []string {
	f, err := follow(ctx, w)
	if err != nil {
		return problems("%v", err)
	}
	got, err := f.source.History(ctx, w.historyRequest())
	if err != nil {
		return problems("History() of nothing failed: %v", err)
	}
	if len(got.Thresholds) > 0 {
		return problems("History() of nothing has the thresholds %v", got.Thresholds)
	}
	if w.Slow == "" {
		return nil
	}
	// The canary is slow, and must not make the baseline's threshold.
	w.Record(w.Slow, target.Baseline, 0, 100)
	w.Record(w.Slow, target.Canary, 1000, 0)
	w.Clock.Advance(w.Delay + time.Second)
	if got, err = f.source.History(ctx, w.historyRequest()); err != nil {
		return problems("History() failed: %v", err)
	}
	if d := got.Thresholds[w.Slow]; d <= 0 || d > w.SlowerThan {
		return problems("all of the baseline is faster than %s, and its median is %s", w.SlowerThan, d)
	}
	for metric, blocks := range got.Blocks {
		for _, b := range blocks {
			if !(0 <= b.Bad && b.Bad <= b.Total) {
				return problems("the block %+v of %s is not 0 <= bad <= total", b, metric)
			}
		}
	}
	return nil
}
