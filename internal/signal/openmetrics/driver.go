// Package openmetrics is the signal driver that scrapes counters and histograms
// from the endpoints of a service, in the Prometheus text format or in
// OpenMetrics. It needs no metric store.
//
// The endpoint must be one process, or something that adds its processes up.
// Behind a load balancer each scrape would read another process, which looks
// like a reset.
package openmetrics

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/httpclient"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
)

// Name is the driver's name, which is that of its attribute.
const Name = "openmetrics"

// retries is how often a scrape that failed is repeated within its timeout.
const retries = 1

// Driver describes the driver for a registry.
func Driver() signal.Driver {
	return signal.Driver{Name: Name, Validate: Validate, Open: open}
}

// Validate checks a configuration without touching anything.
func Validate(config json.RawMessage) field.Errors {
	_, errs := parse(config)
	return errs
}

// source implements signal.Source. It keeps nothing between calls but
// connections.
type source struct {
	plan   *plan
	wanted map[string]bool
	client *httpclient.Client
	clock  clock.Clock
}

var _ signal.Source = (*source)(nil)

func open(_ context.Context, config json.RawMessage, deps signal.Deps) (signal.Source, error) {
	p, errs := parse(config)
	if len(errs) > 0 {
		return nil, errs.Err()
	}
	return &source{
		plan:   p,
		wanted: p.names(),
		clock:  deps.Clock,
		client: httpclient.New(httpclient.Options{UserAgent: deps.UserAgent, Timeout: p.timeout, Retries: retries, Token: p.token}),
	}, nil
}

// Metrics implements signal.Source.
func (s *source) Metrics() []string {
	names := make([]string, len(s.plan.metrics))
	for i, m := range s.plan.metrics {
		names[i] = m.name
	}
	return names
}

// query is a checked signal.Query.
type query struct {
	metric     metric
	slowerThan time.Duration
}

func (s *source) queries(asked []signal.Query) ([]query, error) {
	out := make([]query, 0, len(asked))
	seen := map[string]bool{}
	for _, q := range asked {
		m, err := s.metric(q.Metric)
		switch {
		case err != nil:
			return nil, err
		case seen[q.Metric]:
			return nil, fmt.Errorf("the metric %q is asked for twice", q.Metric)
		case m.latency() && q.SlowerThan <= 0:
			return nil, fmt.Errorf("the metric %q is a latency and needs a threshold, for example 250ms", q.Metric)
		case !m.latency() && q.SlowerThan != 0:
			return nil, fmt.Errorf("the metric %q counts errors and takes no threshold; %s was given", q.Metric, q.SlowerThan)
		}
		seen[q.Metric] = true
		out = append(out, query{metric: m, slowerThan: q.SlowerThan})
	}
	return out, nil
}
