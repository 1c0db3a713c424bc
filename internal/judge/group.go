package judge

import (
	"fmt"
	"math"
)

// grouper puts lines of the same time together into ticks.
type grouper struct {
	metrics []Metric // Empty when any name is allowed.
	kind    string   // The kind of metrics that are not declared.
	open    *Tick
	yield   func(Tick) error
}

// add takes the next line's tick, and yields the one before when it is complete.
func (g *grouper) add(next Tick) error {
	counts := next.Counts[0]
	kind, err := g.kindOf(counts.Metric)
	if err != nil {
		return err
	}
	if err := counts.Validate(kind); err != nil {
		return fmt.Errorf("%w: %w", ErrInput, err)
	}
	switch {
	case g.open == nil || next.At > g.open.At:
		if err := g.flush(); err != nil {
			return err
		}
		g.open = &next
		return nil
	case math.IsNaN(next.At) || next.At < g.open.At:
		return fmt.Errorf("%w: t is %v, before %v of the line above; allowed is the same t or a later one, for example %v",
			ErrInput, next.At, g.open.At, g.open.At+10)
	case next.Weight != g.open.Weight || next.Step != g.open.Step:
		return fmt.Errorf("%w: weight or step differs from the line above with the same t, %v; "+
			"allowed is one weight and step in a tick", ErrInput, next.At)
	}
	for _, earlier := range g.open.Counts {
		if earlier.Metric == counts.Metric {
			return fmt.Errorf("%w: metric %q is there twice at t %v; allowed is once in a tick", ErrInput, counts.Metric, next.At)
		}
	}
	g.open.Counts = append(g.open.Counts, counts)
	return nil
}

// kindOf refuses a metric that is not declared.
func (g *grouper) kindOf(name string) (string, error) {
	if name == "" {
		return "", fmt.Errorf(`%w: metric is empty; allowed is a name, for example "errors"`, ErrInput)
	}
	if len(g.metrics) == 0 {
		return g.kind, nil
	}
	for _, metric := range g.metrics {
		if metric.Name == name {
			return metric.WithDefaults().Kind, nil
		}
	}
	return "", fmt.Errorf("%w: metric is %q; allowed are the declared ones, %s", ErrInput, name, names(g.metrics))
}

// flush yields the open tick, if there is one.
func (g *grouper) flush() error {
	if g.open == nil {
		return nil
	}
	tick := *g.open
	g.open = nil
	return g.yield(tick)
}
