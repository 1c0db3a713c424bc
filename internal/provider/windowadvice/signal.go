package windowadvice

import (
	"context"
	"fmt"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/calendar/advice"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
)

const (
	// block is how long the blocks are that a signal is asked for: half hours suit the
	// zones that lie half an hour beside the others.
	block = 30 * time.Minute
	// covered is how much of a block must have been scraped to be known.
	covered = 0.9
)

// driver is the one that is given; empty without a signal.
func (q question) driver() string {
	for name := range q.Signal {
		return name
	}
	return ""
}

// checkSignal checks the configuration of the driver, without touching anything.
func (q question) checkSignal(drivers signal.Registry) field.Errors {
	name := q.driver()
	d, ok := drivers[name]
	if len(q.Signal) != 1 || !ok {
		return nil
	}
	return d.Validate(q.Signal[name]).Under("signal." + name)
}

// past asks the signal what happened in the weeks before.
func (q question) past(ctx context.Context, drivers signal.Registry, deps signal.Deps) (advice.Series, field.Errors) {
	name := q.driver()
	path := "signal." + name
	s := advice.Series{Interval: block, Errors: true}
	source, err := drivers.Open(ctx, signal.Config{Driver: name, Config: q.Signal[name]}, deps)
	if err != nil {
		return s, field.Errors{{Path: path, Msg: err.Error()}}
	}
	historian, keeps := source.(signal.Historian)
	if !keeps {
		return s, field.Errors{{Path: path, Msg: fmt.Sprintf("%s keeps no past: it tells what is counted now, and a weekly pattern needs at least 7 days; "+
			"give a signal that keeps it, which is prometheus, or export the traffic, for example csv = { file = \"${path.module}/traffic.csv\" }", name)}}
	}
	at, err := q.until(deps.Clock.Now())
	if err != nil {
		return s, field.Errors{{Path: "until", Msg: err.Error()}}
	}
	metric, weeks := q.Metric, defaultWeeks
	if metric == "" {
		metric = defaultMetric
	}
	if q.Weeks != nil {
		weeks = *q.Weeks
	}
	until := at.Truncate(block)
	blocks, err := historian.Traffic(ctx, signal.TrafficRequest{Metric: metric, Until: until, Span: time.Duration(weeks) * 7 * 24 * time.Hour, Block: block})
	if err != nil {
		return s, field.Errors{{Path: path, Msg: err.Error()}}
	}
	for _, b := range blocks {
		if b.Covered >= covered {
			s.Points = append(s.Points, advice.Point{Start: b.Start, Requests: b.Total, Errors: b.Bad})
		}
	}
	return s, nil
}
