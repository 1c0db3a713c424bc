// Package prometheus is the signal driver that reads what a Prometheus, or a
// store with its HTTP API, has scraped. It counts raw samples itself and never
// uses increase(), whose answers are extrapolated and miss the first event of a
// series that appears.
package prometheus

import (
	"context"
	"encoding/json"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/credential"
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
	// ender knows until when the credentials last.
	ender credential.Ender
}

var _ signal.Source = (*source)(nil)

// CredentialsEnd implements credential.Ender.
func (s *source) CredentialsEnd() credential.End {
	return s.ender.CredentialsEnd()
}

func open(_ context.Context, config json.RawMessage, deps signal.Deps) (signal.Source, error) {
	p, errs := parse(config)
	if len(errs) > 0 {
		return nil, errs.Err()
	}
	options := httpclient.Options{UserAgent: deps.UserAgent, Timeout: p.timeout, Retries: retries, Token: p.secret, Username: p.username, Proxy: p.proxy}
	var ender credential.Ender = p.secret
	if p.sigv4 != nil {
		session := awscloud.NewSession(*p.sigv4, awscloud.Who{Actor: deps.Actor, Subject: deps.Subject, UserAgent: deps.UserAgent})
		options.Sign, ender = session.Signer(managedPrometheus, deps.Clock), session
	}
	return &source{plan: p, client: httpclient.New(options), ender: ender}, nil
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

func (s *source) metric(name string) (metric, error) {
	return signal.Find(s.plan.metrics, name, metric.called)
}
