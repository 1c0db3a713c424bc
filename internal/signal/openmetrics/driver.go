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
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/credential"
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

// CredentialsEnd implements credential.Ender.
func (s *source) CredentialsEnd() credential.End {
	return s.plan.token.CredentialsEnd()
}

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
func (s *source) Metrics() []string { return signal.Names(s.plan.metrics, metric.called) }

// query is a checked signal.Query.
type query struct {
	metric     metric
	slowerThan time.Duration
}

func (s *source) queries(asked []signal.Query) ([]query, error) {
	return signal.Pick(asked, s.metric, metric.latency, func(m metric, slowerThan time.Duration) query { return query{metric: m, slowerThan: slowerThan} })
}
