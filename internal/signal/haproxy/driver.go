// Package haproxy is the signal driver that counts requests and their failures
// from HAProxy's own statistics of each server, so that a release behind HAProxy
// needs no metric store.
//
// HAProxy keeps no histograms, only averages, so there is no metric for
// latency.
package haproxy

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/haproxy"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/target/contract/wire"
)

// Name is the driver's name, which is that of its attribute.
const Name = "haproxy"

// Errors is the one metric: requests that a server answered with status 5xx, or
// not at all, among all. In a backend of mode tcp: sessions that failed.
const Errors = "errors"

// Driver describes the driver for a registry.
func Driver() signal.Driver {
	return signal.Driver{Name: Name, Validate: Validate, Open: open}
}

// Validate checks a configuration without touching anything.
func Validate(config json.RawMessage) field.Errors {
	l, err := parse(config)
	if err != nil {
		return field.Errors{{Msg: err.Error()}}
	}
	return l.Validate()
}

func parse(config json.RawMessage) (haproxy.Layout, error) {
	var l haproxy.Layout
	if err := wire.Decode(config, &l); err != nil {
		return l, fmt.Errorf("the configuration of the haproxy signal cannot be read: %w; allowed are socket, backends, arms, memory and timeout, as in the target", err)
	}
	return l, nil
}

// source implements signal.Source. It keeps nothing between calls.
type source struct {
	site  *haproxy.Site
	clock clock.Clock
	// id identifies what is counted, so that a cursor of another configuration is
	// noticed.
	id string
}

var _ signal.Source = (*source)(nil)

func open(_ context.Context, config json.RawMessage, deps signal.Deps) (signal.Source, error) {
	l, err := parse(config)
	if err != nil {
		return nil, err
	}
	if errs := l.Validate(); len(errs) > 0 {
		return nil, errs.Err()
	}
	site, err := haproxy.NewSite(l)
	if err != nil {
		return nil, err
	}
	return &source{site: site, clock: deps.Clock, id: identify(l)}, nil
}

// identify is the same for whatever counts the same. How long to wait is no part
// of it.
func identify(l haproxy.Layout) string {
	l.Timeout = ""
	// A layout holds nothing that JSON cannot encode.
	text, _ := json.Marshal(l)
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// Metrics implements signal.Source.
func (s *source) Metrics() []string { return []string{Errors} }

// History implements signal.Source. HAProxy keeps none.
func (s *source) History(ctx context.Context, req signal.HistoryRequest) (signal.History, error) {
	for _, name := range req.Metrics {
		if err := known(name); err != nil {
			return signal.History{}, err
		}
	}
	return signal.History{}, ctx.Err()
}

func known(name string) error {
	if name != Errors {
		return fmt.Errorf("the signal has no metric %q; it has %s, and HAProxy keeps no histograms from which slow requests could be counted", name, Errors)
	}
	return nil
}
