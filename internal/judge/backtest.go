package judge

import (
	"fmt"
	"io"
	"slices"
)

// BacktestOptions say how to cut past traffic into pretended rollouts. Start
// from DefaultBacktest.
type BacktestOptions struct {
	// ReplayOptions are the judge's own. A metric without a dispersion gets the one
	// that the traffic itself shows, when there are two hours of it.
	ReplayOptions
	// Weight is the pretended canary's share in percent, above 0 and below 100.
	Weight float64
	// Window is how long each pretended rollout lasts, in seconds, above 0.
	Window float64
	// Rollouts is how many there are, 1 to 100,000. They overlap when the traffic
	// is short, and then are no independent trials.
	Rollouts int
	// Clump is how many bad events stay together in one arm, at least 1. With 1
	// each event is dealt by itself, which hides bursts that hit one arm only, such
	// as one client that retries; a Clump of the dispersion's size pretends that
	// all of it is of that kind.
	Clump float64
	// Seed makes the cut repeatable.
	Seed uint64
}

// DefaultBacktest returns 200 rollouts of an hour at 5 % with the design's
// parameters.
func DefaultBacktest() BacktestOptions {
	return BacktestOptions{
		ReplayOptions: ReplayOptions{Params: Defaults()},
		Weight:        5, Window: 3600, Rollouts: 200, Clump: 1, Seed: 1,
	}
}

// BacktestReport says what the judge would have said of a release that changed
// nothing. Each alarm in it is false by construction.
type BacktestReport struct {
	Version  string  `json:"version"`
	Seed     uint64  `json:"seed"`
	Weight   float64 `json:"weight"`
	Window   float64 `json:"window_seconds"`
	Clump    float64 `json:"clump"`
	Rollouts int     `json:"rollouts"`
	// FalseAlarms is how many of the rollouts would have been rolled back, and
	// FalseAlarmShare the same as a share of them.
	FalseAlarms     int     `json:"false_alarms"`
	FalseAlarmShare float64 `json:"false_alarm_share"`
	// Pauses is how many would have been paused at least once.
	Pauses int `json:"pauses"`
	// ProvedSafe is how many were proved safe within the window, and
	// MedianSecondsToSafe when, among those; null when there were none.
	ProvedSafe          int              `json:"proved_safe"`
	MedianSecondsToSafe *float64         `json:"median_seconds_to_safe"`
	Metrics             []BacktestMetric `json:"metrics"`
	// Alarms has the first of the false alarms, at most ten.
	Alarms   []BacktestAlarm `json:"alarms,omitempty"`
	Warnings []string        `json:"warnings,omitempty"`
}

// BacktestMetric is what the traffic shows of one metric.
type BacktestMetric struct {
	Metric string  `json:"metric"`
	Bad    float64 `json:"bad"`
	Total  float64 `json:"total"`
	// Blocks is how many blocks of ten minutes there were, and Estimated the
	// dispersion they show, null when they are too few.
	Blocks    int      `json:"blocks"`
	Estimated *float64 `json:"estimated_dispersion"`
	// Dispersion is what the counts were divided by.
	Dispersion float64 `json:"dispersion"`
}

// BacktestAlarm is one false alarm: when the pretended rollout began, when it
// was rolled back, and why.
type BacktestAlarm struct {
	Start  float64 `json:"start"`
	At     float64 `json:"t"`
	Reason Reason  `json:"reason"`
}

// maxAlarms bounds what a report lists.
const maxAlarms = 10

// Validate returns what is wrong with the options, apart from the judge's own.
func (o BacktestOptions) Validate() []FieldError {
	var c checker
	if !(o.Weight > 0 && o.Weight < 100) {
		c.add("weight", "is %v; allowed is a number above 0 and below 100, for example 5", o.Weight)
	}
	if !(o.Window >= 1 && o.Window <= 1e9) {
		c.add("window", "is %v s; allowed is 1s to 1000000000s, for example 3600s", o.Window)
	}
	c.within("rollouts", float64(o.Rollouts), 1, 100_000, "200")
	c.within("clump", o.Clump, 1, 1e6, "1")
	return c.found
}

// Backtest reads past traffic of a single arm, one JSON object a line,
//
//	{"t": 10, "metric": "errors", "bad": 10, "total": 1000}
//
// deals it into two pretended arms again and again, and counts how often the
// judge would have seen a difference that is not there. Lines with the same t are
// one tick. The same input and options give the same report. Errors are those of
// Replay.
func Backtest(r io.Reader, options BacktestOptions) (BacktestReport, error) {
	if fields := options.Validate(); len(fields) > 0 {
		return BacktestReport{}, &InvalidError{Fields: fields}
	}
	ticks, err := readSingles(r, options.ReplayOptions)
	if err != nil {
		return BacktestReport{}, err
	}
	metrics := slices.Clone(options.Metrics)
	if len(metrics) == 0 {
		metrics = discovered(ticks, options.Template)
	}
	report := BacktestReport{
		Version: Version, Seed: options.Seed, Weight: options.Weight, Window: options.Window,
		Clump: options.Clump, Rollouts: options.Rollouts, Metrics: make([]BacktestMetric, len(metrics)),
	}
	for i := range metrics {
		if report.Metrics[i], err = traffic(ticks, &metrics[i], options.Params); err != nil {
			return BacktestReport{}, err
		}
	}
	state, err := New(options.Params, metrics)
	if err != nil {
		return BacktestReport{}, err
	}
	b := backtest{options: options, ticks: ticks, fresh: state, report: &report}
	b.run()
	report.Warnings = append(report.Warnings, state.warnings(findings{invalid: make([]error, len(metrics))})...)
	return report, nil
}

// readSingles reads the whole input as ticks whose baseline arm has everything.
func readSingles(r io.Reader, options ReplayOptions) ([]Tick, error) {
	var ticks []Tick
	g := &grouper{
		metrics: options.Metrics, kind: options.Template.WithDefaults().Kind,
		yield: func(tick Tick) error { ticks = append(ticks, tick); return nil },
	}
	err := eachLine(r, func(line []byte) error {
		name, sample, err := parseSingle(line)
		if err != nil {
			return err
		}
		return g.add(Tick{At: sample.At, Counts: []Counts{{
			Metric: name, BadBaseline: sample.Bad, TotalBaseline: sample.Total,
		}}})
	})
	if err == nil {
		err = g.flush()
	}
	if err == nil && len(ticks) == 0 {
		err = fmt.Errorf("%w: there is not a single line; allowed is one JSON object a line, for example %s",
			ErrInput, singleExample)
	}
	return ticks, err
}

// traffic sums up one metric, and gives it the dispersion it shows when it has
// none.
func traffic(ticks []Tick, metric *Metric, p Params) (BacktestMetric, error) {
	seen := BacktestMetric{Metric: metric.Name}
	var samples []Sample
	for _, tick := range ticks {
		for _, c := range tick.Counts {
			if c.Metric == metric.Name {
				samples = append(samples, Sample{tick.At, c.BadBaseline, c.TotalBaseline})
				seen.Bad += c.BadBaseline
				seen.Total += c.TotalBaseline
			}
		}
	}
	blocks := Blocks(samples)
	seen.Blocks = len(blocks)
	estimate, known, err := EstimateDispersion(blocks)
	if err != nil {
		return seen, err
	}
	if known {
		rounded := shown(estimate)
		seen.Estimated = &rounded
		if metric.Dispersion == 0 {
			metric.Dispersion = estimate
		}
	}
	seen.Dispersion = shown(metric.dispersion(p))
	return seen, nil
}
