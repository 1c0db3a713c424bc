package judge

import (
	"encoding/json"
	"fmt"
	"io"
)

// ReplayOptions say how to judge a stream of counts.
type ReplayOptions struct {
	// Params are the judge's parameters; start from Defaults.
	Params Params
	// Metrics are the declared metrics. When there are none, every metric of the
	// input is judged as Template says, and the whole input is read before the
	// first verdict is written, since the metrics must be known from the start.
	Metrics []Metric
	// Template stands for metrics that are not declared. Its name is ignored, and
	// it is critical whatever it says, so that a verdict of safe means all of them.
	Template Metric
	// LineWeight is the weight, in percent, of lines that do not say; nil leaves it
	// unknown. Backtest does not look at it.
	LineWeight *float64
}

// ReplayLine is the verdict of one tick as Replay writes it: the Verdict, and the
// metric with the most evidence for harm in short.
type ReplayLine struct {
	Verdict
	// Evidence is EHarm again, under the name that the command line promises.
	Evidence float64 `json:"evidence"`
	// Metric has the most evidence for harm; Ratio and Interval are its own. null
	// stands for a ratio that is unknown and for an end without a bound.
	Metric   string      `json:"metric"`
	Ratio    *float64    `json:"ratio"`
	Interval [2]*float64 `json:"interval"`
}

// Replay reads one JSON object a line,
//
//	{"t": 10, "metric": "errors", "bad_canary": 1, "total_canary": 50, "bad_baseline": 9, "total_baseline": 950}
//
// optionally with "weight" (percent) and "step" (a whole number), and writes one
// ReplayLine a tick. Lines with the same t are one tick. It returns the last
// verdict. A bad line is a LineError around ErrInput, after the verdicts of the
// ticks before it have been written; unsound options are an InvalidError; errors
// of r and w are returned wrapped. Input without a single line is an error, since
// nothing can be said of it.
func Replay(r io.Reader, w io.Writer, options ReplayOptions) (Verdict, error) {
	p := player{w: json.NewEncoder(w)}
	g := &grouper{metrics: options.Metrics, kind: options.Template.WithDefaults().Kind}
	if len(options.Metrics) > 0 {
		state, err := New(options.Params, options.Metrics)
		if err != nil {
			return Verdict{}, err
		}
		p.state = state
		g.yield = p.play
		if err := readPairs(r, g, options.LineWeight); err != nil {
			return p.last, err
		}
		return p.finish()
	}
	var ticks []Tick
	g.yield = func(tick Tick) error { ticks = append(ticks, tick); return nil }
	if err := readPairs(r, g, options.LineWeight); err != nil {
		return Verdict{}, err
	}
	if len(ticks) == 0 {
		return p.finish()
	}
	state, err := New(options.Params, discovered(ticks, options.Template))
	if err != nil {
		return Verdict{}, err
	}
	p.state = state
	for _, tick := range ticks {
		if err := p.play(tick); err != nil {
			return p.last, err
		}
	}
	return p.finish()
}

// readPairs feeds every line to the grouper.
func readPairs(r io.Reader, g *grouper, weight *float64) error {
	err := eachLine(r, func(line []byte) error {
		tick, err := parsePair(line, weight)
		if err != nil {
			return err
		}
		return g.add(tick)
	})
	if err != nil {
		return err
	}
	return g.flush()
}

// discovered lists the metrics of ticks in the order of their appearance.
func discovered(ticks []Tick, template Metric) []Metric {
	var metrics []Metric
	seen := map[string]bool{}
	for _, tick := range ticks {
		for _, counts := range tick.Counts {
			if !seen[counts.Metric] {
				seen[counts.Metric] = true
				metric := template
				metric.Name, metric.Critical = counts.Metric, true
				metrics = append(metrics, metric)
			}
		}
	}
	return metrics
}

// player carries the state from tick to tick and writes the verdicts.
type player struct {
	state  State
	last   Verdict
	played bool
	w      *json.Encoder
}

func (p *player) play(tick Tick) error {
	p.state, p.last = p.state.Observe(tick)
	p.played = true
	worst := p.state.worst(&p.last)
	low := worst.RatioLow
	line := ReplayLine{
		Verdict: p.last, Evidence: p.last.EHarm, Metric: worst.Metric,
		Ratio: worst.Ratio, Interval: [2]*float64{&low, worst.RatioHigh},
	}
	if err := p.w.Encode(line); err != nil {
		return fmt.Errorf("judge: unable to write a verdict: %w", err)
	}
	return nil
}

func (p *player) finish() (Verdict, error) {
	if !p.played {
		return Verdict{}, fmt.Errorf("%w: there is not a single line; allowed is one JSON object a line, for example %s",
			ErrInput, pairExample)
	}
	return p.last, nil
}
