package release

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/judge"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// What the guard against dispersion looks back over: 10-minute blocks of the day
// before (design, section 4).
const (
	historySpan  = 24 * time.Hour
	historyBlock = 10 * time.Minute
	// analysisTries is how often the signals are asked before the first step.
	analysisTries = 3
)

// prepareAnalysis fixes, before anything moves, what every later look is judged
// by: parameters, dispersion, and from when on a request is slow.
func (d *driver) prepareAnalysis(ctx context.Context) error {
	r := d.h.Open()
	if r.Kind == Forward && d.obs.Target == nil {
		// This process took the rollout up from one that died after it opened it. Signals
		// that know the arms by the target's names for them have to be told those.
		if err := d.look(ctx); err != nil {
			return err
		}
	}
	body := AnalysisBody{Params: judgeParams(r.Spec.Strategy.Analysis)}
	if r.Kind == Forward && len(r.Spec.Strategy.Analysis.Metrics) > 0 {
		err := d.fixMetrics(ctx, r, &body)
		if err != nil && ctx.Err() == nil {
			return d.retryAnalysis(ctx, err)
		}
		if err != nil {
			return err
		}
	}
	if r.Kind == Forward {
		if err := d.fixTriggers(ctx, r, &body); err != nil && ctx.Err() == nil {
			return d.retryAnalysis(ctx, err)
		} else if err != nil {
			return err
		}
	}
	return d.append(ctx, KindAnalysis, body)
}

// retryAnalysis tries again a little later, and gives up after some tries: a
// release that cannot be judged is not begun.
func (d *driver) retryAnalysis(ctx context.Context, err error) error {
	reason := fmt.Sprintf("the signals could not be read before the first step: %v", err)
	var refused *signal.Refusal
	if errors.As(err, &refused) {
		reason = fmt.Sprintf("it was not begun: %v", err)
	} else if d.tries++; d.tries < analysisTries {
		return d.e.Clock.Sleep(ctx, backoff(d.tries))
	}
	return d.append(ctx, KindAbortRequested, RequestBody{By: d.e.Actor, Cause: CauseError, Reason: reason})
}

// judgeParams are the judge's defaults with what the strategy says instead.
func judgeParams(a strategy.Analysis) judge.Params {
	p := judge.Defaults()
	set := func(to *float64, from float64) {
		if from != 0 {
			*to = from
		}
	}
	set(&p.AlphaHarm, a.AlphaHarm)
	set(&p.AlphaSafe, a.AlphaSafe)
	set(&p.Margin, a.Margin)
	set(&p.MinAbs, a.MinAbs)
	return p
}

// fixMetrics asks each signal for the history of its metrics.
func (d *driver) fixMetrics(ctx context.Context, r *Rollout, body *AnalysisBody) error {
	analysis := r.Spec.Strategy.Analysis
	bySignal, err := d.assign(ctx, r)
	if err != nil {
		return err
	}
	body.Queries = map[string][]signal.Query{}
	for _, name := range signalNames(r.Spec.Signals) {
		metrics := bySignal[name]
		if len(metrics) == 0 {
			continue
		}
		history, err := d.history(ctx, name, metrics, analysis)
		if err != nil {
			return fmt.Errorf("signal %q: %w", name, err)
		}
		for _, metric := range metrics {
			if err := body.fix(metric, name, r.Spec.objective(analysis.Metrics[metric]), history, r.Baseline != nil); err != nil {
				return err
			}
		}
		if err := d.hear(ctx, name, body.Queries[name]); err != nil {
			return fmt.Errorf("signal %q: %w", name, err)
		}
	}
	if !slices.ContainsFunc(body.Metrics, func(m judge.Metric) bool { return m.Critical }) {
		body.warn("no critical metric could be judged, so this rollout is watched by time and health alone")
		body.Metrics, body.Queries = nil, nil
	}
	slices.SortFunc(body.Metrics, func(a, b judge.Metric) int { return strings.Compare(a.Name, b.Name) })
	return nil
}

// hear asks one signal for counts before anybody is sent to what they are to
// judge, or whether the rollout may begin at all. What it counts is of no matter yet: a history that nobody needs asks
// nothing, and so does not show that the signal is away.
func (d *driver) hear(ctx context.Context, name string, queries []signal.Query) error {
	if len(queries) == 0 {
		return nil
	}
	bounded, cancel := d.bound(ctx)
	defer cancel()
	if starter, ok := d.sources[name].(signal.Starter); ok {
		return starter.Ready(bounded, queries)
	}
	now := d.e.Clock.Now()
	_, err := d.sources[name].Counts(bounded, signal.Request{Queries: queries, Since: now, Until: now, Arms: d.armNames()})
	return err
}

// armNames is what the target called its arms when it was last seen, nil where it was
// not.
func (d *driver) armNames() map[target.Arm]string {
	obs := d.obs.Target
	if obs == nil || !obs.Known {
		return nil
	}
	names := map[target.Arm]string{}
	for arm, state := range map[target.Arm]*target.ArmState{target.Baseline: obs.Baseline, target.Canary: obs.Canary} {
		if state != nil && state.Name != "" {
			names[arm] = state.Name
		}
	}
	return names
}

// history asks one signal what the baseline did before.
func (d *driver) history(ctx context.Context, name string, metrics []string, a strategy.Analysis) (signal.History, error) {
	quantiles := map[string]float64{}
	for _, m := range metrics {
		if s := a.Metrics[m].SlowerThan; s != nil && s.BaselineQuantile > 0 {
			quantiles[m] = s.BaselineQuantile
		}
	}
	bounded, cancel := d.bound(ctx)
	defer cancel()
	return d.sources[name].History(bounded, signal.HistoryRequest{
		Metrics: metrics, Quantiles: quantiles, Until: d.e.Clock.Now(), Span: historySpan, Block: historyBlock, Arms: d.armNames(),
	})
}

// fix settles one metric. A threshold that the baseline cannot give is an error
// where there is a baseline, since a metric must not vanish in silence; without a
// baseline there is nothing to be slower than, and the metric rests with a
// warning.
func (b *AnalysisBody) fix(name, source string, m strategy.Metric, h signal.History, baseline bool) error {
	query := signal.Query{Metric: name}
	if s := m.SlowerThan; s != nil {
		query.SlowerThan = s.Fixed.Std()
		if s.BaselineQuantile > 0 {
			threshold, ok := h.Thresholds[name]
			if !ok && baseline {
				return fmt.Errorf("the metric %q takes its threshold from the baseline's %g quantile, which the signal %q cannot tell yet", name, s.BaselineQuantile, source)
			}
			if !ok {
				b.warn(fmt.Sprintf("the metric %q is not judged in this rollout: nothing served before, so there is no baseline to take its threshold from", name))
				return nil
			}
			query.SlowerThan = threshold
		}
	}
	metric := judge.Metric{
		Name: name, Critical: m.Critical, Importance: m.Importance, Ceiling: m.Ceiling, Dispersion: m.Dispersion,
	}
	if metric.Dispersion == 0 {
		blocks := make([]judge.Block, 0, len(h.Blocks[name]))
		for _, block := range h.Blocks[name] {
			blocks = append(blocks, judge.Block{Bad: block.Bad, Total: block.Total})
		}
		dispersion, known, err := judge.EstimateDispersion(blocks)
		if err != nil {
			return fmt.Errorf("the history of the metric %q: %w", name, err)
		}
		if known {
			metric.Dispersion = dispersion
		} else {
			b.warn(fmt.Sprintf("the dispersion of %q is not known (no day of history), so it is taken as 2 and verdicts take longer", name))
		}
	}
	b.Metrics = append(b.Metrics, metric.WithDefaults())
	b.Queries[source] = append(b.Queries[source], query)
	return nil
}

func (b *AnalysisBody) warn(text string) { b.Warnings = append(b.Warnings, text) }

// assign says which signal counts which metric, and opens the sources.
func (d *driver) assign(ctx context.Context, r *Rollout) (map[string][]string, error) {
	if err := d.openSources(ctx, r); err != nil {
		return nil, err
	}
	bySignal := map[string][]string{}
	for _, name := range r.Spec.Strategy.Analysis.MetricNames() {
		m := r.Spec.Strategy.Analysis.Metrics[name]
		source, problem := sourceOf(name, m.Signal, d.sources)
		if problem != "" {
			return nil, fmt.Errorf("%s", problem)
		}
		bySignal[source] = append(bySignal[source], name)
	}
	return bySignal, nil
}

func (d *driver) openSources(ctx context.Context, r *Rollout) error {
	if d.sources != nil {
		return nil
	}
	sources, err := d.e.openSources(ctx, r.Spec.Signals)
	d.sources = sources
	return err
}

func (e *Engine) openSources(ctx context.Context, signals map[string]signal.Config) (map[string]signal.Source, error) {
	sources := map[string]signal.Source{}
	for _, name := range signalNames(signals) {
		source, err := e.Signals.Open(ctx, signals[name], e.signalDeps())
		if err != nil {
			return nil, fmt.Errorf("signal %q: %w", name, err)
		}
		sources[name] = source
	}
	return sources, nil
}

// sourceOf finds the one signal that counts a metric, or says why there is none.
func sourceOf(metric, wanted string, sources map[string]signal.Source) (name, problem string) {
	var have []string
	all := map[string]bool{}
	names := make([]string, 0, len(sources))
	for name := range sources {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, m := range sources[name].Metrics() {
			all[m] = true
			if m == metric && (wanted == "" || wanted == name) {
				have = append(have, name)
			}
		}
	}
	switch {
	case len(have) == 1:
		return have[0], ""
	case len(have) > 1:
		return "", fmt.Sprintf("the metric %q is counted by the signals %s; say which one in the strategy, for example signal = %q", metric, strings.Join(have, " and "), have[0])
	}
	known := make([]string, 0, len(all))
	for m := range all {
		known = append(known, m)
	}
	slices.Sort(known)
	return "", fmt.Sprintf("no signal counts the metric %q; the signals %s count %s", metric, strings.Join(names, ", "), strings.Join(known, ", "))
}
