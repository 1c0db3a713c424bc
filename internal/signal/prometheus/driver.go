// Package prometheus is the signal driver that reads what a Prometheus, or a
// store with its HTTP API, has scraped. It counts raw samples itself and never
// uses increase(), whose answers are extrapolated and miss the first event of a
// series that appears.
package prometheus

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/httpclient"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
)

// Name is the driver's name, which is that of its attribute.
const Name = "prometheus"

// managedPrometheus is what AWS calls its own Prometheus in signatures.
const managedPrometheus = "aps"

// retries is how often a request that failed is repeated within its timeout.
const retries = 2

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
	client *httpclient.Client
}

var _ signal.Source = (*source)(nil)

func open(_ context.Context, config json.RawMessage, deps signal.Deps) (signal.Source, error) {
	p, errs := parse(config)
	if len(errs) > 0 {
		return nil, errs.Err()
	}
	options := httpclient.Options{UserAgent: deps.UserAgent, Timeout: p.timeout, Retries: retries, Token: p.secret, Username: p.username, Proxy: p.proxy}
	if p.sigv4 != nil {
		session := awscloud.NewSession(*p.sigv4, awscloud.Who{Actor: deps.Actor, Subject: deps.Subject, UserAgent: deps.UserAgent})
		options.Sign = session.Signer(managedPrometheus, deps.Clock)
	}
	return &source{plan: p, client: httpclient.New(options)}, nil
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

func (s *source) metric(name string) (metric, error) {
	for _, m := range s.plan.metrics {
		if m.name == name {
			return m, nil
		}
	}
	return metric{}, fmt.Errorf("the signal has no metric %q; it has %s", name, strings.Join(s.Metrics(), ", "))
}
