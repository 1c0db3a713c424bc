package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	gates "github.com/sluice/terraform-provider-sluice/internal/gate/all"
	"github.com/sluice/terraform-provider-sluice/internal/haproxy"
	"github.com/sluice/terraform-provider-sluice/internal/haproxy/haproxytest"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/sqlite"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	signals "github.com/sluice/terraform-provider-sluice/internal/signal/all"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	targets "github.com/sluice/terraform-provider-sluice/internal/target/all"
	haproxytarget "github.com/sluice/terraform-provider-sluice/internal/target/haproxy"
)

// stand is what the test helpers take for a test: it fails by panicking with the
// reason, and tidies up when it is left.
type stand struct {
	testing.TB
	ctx  context.Context
	tidy []func()
}

func (s *stand) Helper()                           {}
func (s *stand) Name() string                      { return "bench" }
func (s *stand) Context() context.Context          { return s.ctx }
func (s *stand) Cleanup(f func())                  { s.tidy = append(s.tidy, f) }
func (s *stand) Error(args ...any)                 { panic(fmt.Sprint(args...)) }
func (s *stand) Errorf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
func (s *stand) Fatal(args ...any)                 { panic(fmt.Sprint(args...)) }
func (s *stand) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

// leave tidies up, and turns a failure into an error.
func (s *stand) leave(err *error) {
	if failure := recover(); failure != nil {
		*err = errors.Join(*err, fmt.Errorf("%v", failure))
	}
	for i := len(s.tidy) - 1; i >= 0; i-- {
		s.tidy[i]()
	}
}

// reactionHAProxy measures what reaction does, with a real HAProxy as the target
// and its own counts as the signal: from the first bad answer of the canary that a
// user got, to HAProxy's acceptance of the revert.
func reactionHAProxy(ctx context.Context, b *bench) (err error) {
	s := &stand{ctx: ctx}
	defer s.leave(&err)
	proxy := haproxytest.Start(s, haproxytest.Options{Serving: haproxy.Blue})
	dir := filepath.Join(b.dir, "reaction-haproxy")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	l, err := sqlite.Open(ctx, filepath.Join(dir, "ledger.db"), sqlite.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	engine := &release.Engine{
		Ledger: l, Clock: clock.System{}, Targets: targets.Drivers(), Signals: signals.Drivers(), Gates: gates.New(l, nil, nil),
		Actor: "bench", Holder: "bench " + dir, SpoolDir: filepath.Join(dir, "spool"),
	}
	first := payload("1.0.0", 0)
	for _, server := range proxy.Servers {
		server.Install(first)
	}
	var seconds []float64
	runs := b.rounds(20, 3)
	for run := range runs {
		phase := time.Duration((float64(run) + 0.5) / float64(runs) * float64(liveTick))
		took, err := reactOnce(ctx, engine, proxy, first, run+1, phase)
		if err != nil {
			return fmt.Errorf("rollback %d: %w", run+1, err)
		}
		seconds = append(seconds, took)
	}
	b.add("reaction_haproxy_runs", float64(len(seconds)), "runs")
	b.add("reaction_haproxy_p50", median(seconds), "s")
	b.add("reaction_haproxy_p95", quantile(seconds, 0.95), "s")
	if lab, ok := b.value("reaction_p50"); ok {
		b.add("reaction_haproxy_to_lab_ratio", median(seconds)/lab, "x")
	}
	return nil
}

func payload(version string, n int) artifact.Payload {
	return artifact.Payload{Artifact: artifact.Artifact{Version: version, Reference: fmt.Sprintf("bench/checkout@sha256:%064x", n+1)}}
}

// reactOnce ships a version to the idle servers, which turns bad that long after
// the second judged look.
func reactOnce(ctx context.Context, e *release.Engine, proxy *haproxytest.HAProxy, first artifact.Payload, n int, phase time.Duration) (float64, error) {
	ctx, stop := context.WithTimeout(ctx, time.Minute)
	defer stop()
	next := payload(fmt.Sprintf("1.1.%d", n), n)
	for _, name := range []string{"green-1", "green-2"} {
		proxy.Servers[name].Break(false)
		proxy.Servers[name].Install(next)
	}
	if n == 1 {
		// What serves is adopted.
		if _, err := e.Ship(ctx, haproxyWish(proxy, first)); err != nil {
			return 0, err
		}
	}
	crowd := newUsers(proxy.URLs[0])
	crowd.canary = func(r *http.Response) bool { return r.Header.Get("X-Artifact-Digest") == next.Digest() }
	in, leave := context.WithCancel(ctx)
	left := make(chan struct{})
	go func() {
		defer close(left)
		crowd.run(in, reactionRate)
	}()
	defer func() {
		leave()
		<-left
	}()
	ended := make(chan error, 1)
	go func() {
		_, err := e.Ship(ctx, haproxyWish(proxy, next))
		ended <- err
	}()
	key := release.Key{Service: "checkout", Environment: "production"}
	if err := ticks(ctx, e, key, 3, ended); err != nil {
		return 0, err
	}
	time.Sleep(phase)
	for _, name := range []string{"green-1", "green-2"} {
		proxy.Servers[name].Break(true)
	}
	var back *release.EndedError
	if err := <-ended; !errors.As(err, &back) || back.Outcome.Result != release.WentBack {
		return 0, fmt.Errorf("the rollout did not go back: %w", err)
	}
	return sinceFirstBad(ctx, e, key, crowd)
}

// ticks waits until a rollout that is open has had so many looks.
func ticks(ctx context.Context, e *release.Engine, key release.Key, n int, ended <-chan error) error {
	for {
		h, err := e.Load(ctx, key)
		if err != nil {
			return err
		}
		if open := h.Open(); open != nil && open.Ticks >= n {
			return nil
		}
		select {
		case err := <-ended:
			return fmt.Errorf("the rollout ended before it was harmed: %w", err)
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// sinceFirstBad reads the instant of the revert's outcome from the ledger. The
// first is when HAProxy took it, the later ones assert it again.
func sinceFirstBad(ctx context.Context, e *release.Engine, key release.Key, crowd *users) (float64, error) {
	records, err := e.Ledger.Read(ctx, key.Stream(), 1)
	if err != nil {
		return 0, err
	}
	bad := crowd.firstBad()
	if bad.IsZero() {
		return 0, errors.New("no user got a bad answer")
	}
	for _, r := range records {
		var body release.OutcomeBody
		if r.Kind != release.KindOutcome || r.At.Before(bad) {
			continue
		}
		if err := json.Unmarshal(r.Body, &body); err != nil {
			return 0, err
		}
		if body.Kind == release.EffectRevert {
			return r.At.Sub(bad).Seconds(), nil
		}
	}
	return 0, errors.New("no revert was accepted")
}

func haproxyWish(proxy *haproxytest.HAProxy, p artifact.Payload) release.ShipRequest {
	encode := func(v any) json.RawMessage {
		raw, err := json.Marshal(v)
		if err != nil {
			panic(err)
		}
		return raw
	}
	most := float64(canaryWeight)
	s := careful(0, strategy.CanaryStep{Weight: canaryWeight, AtLeast: field.Duration(10 * time.Minute)})
	s.MaxUnattendedWeight = &most
	delete(s.Analysis.Metrics, "slow")
	return release.ShipRequest{Owner: owner, Spec: release.Spec{
		Service: "checkout", Environment: release.Environment{Name: "production", Tier: "production"}, Payload: p, Strategy: s,
		Policy: release.Policy{Name: "bench", MaxPerDay: 100},
		Target: target.Config{Driver: "haproxy", Config: encode(haproxytarget.Config{Layout: proxy.Layout, Drain: "100ms", Identity: &haproxytarget.Identity{
			URL: "http://{address}:{port}/version", Digest: &haproxytarget.Source{Header: "X-Artifact-Digest"}, Version: &haproxytarget.Source{JSON: "version"},
		}})},
		Signals: map[string]signal.Config{"haproxy": {Driver: "haproxy", Config: encode(proxy.Layout)}},
	}}
}
