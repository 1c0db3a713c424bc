package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	gates "github.com/sluice/terraform-provider-sluice/internal/gate/all"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/sqlite"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	signals "github.com/sluice/terraform-provider-sluice/internal/signal/all"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	targets "github.com/sluice/terraform-provider-sluice/internal/target/all"
)

var owner = release.Owner{ID: "5f0c8f1e-0000-4000-8000-000000000001", Label: "bench"}

// liveTick is the time between two looks on the lab.
const liveTick = time.Second

// theatre is a stage with an engine, a ledger of its own and users.
type theatre struct {
	*stage
	engine *release.Engine
	users  *users
	close  func() error
}

// newTheatre starts a lab, serves version 1.0.0 on it, and lets users in.
func newTheatre(ctx context.Context, dir string, perSecond int) (*theatre, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the folder of a lab: %w", err)
	}
	s, err := newStage(ctx, dir)
	if err != nil {
		return nil, err
	}
	l, err := sqlite.Open(ctx, filepath.Join(dir, "ledger.db"), sqlite.Options{})
	if err != nil {
		return nil, errors.Join(err, s.stop())
	}
	noted := watched{l, s.journal}
	t := &theatre{stage: s, users: newUsers(s.Traffic), engine: &release.Engine{
		Ledger: noted, Clock: clock.System{}, Targets: targets.Drivers(), Signals: signals.Drivers(), Gates: gates.New(noted, nil, nil),
		Actor: "bench", Holder: "bench " + dir, SpoolDir: filepath.Join(dir, "spool"),
	}}
	crowd, leave := context.WithCancel(ctx)
	left := make(chan struct{})
	go func() {
		defer close(left)
		t.users.run(crowd, perSecond)
	}()
	t.close = func() error {
		leave()
		<-left
		return errors.Join(s.stop(), l.Close())
	}
	first, err := s.artifact("1.0.0")
	if err == nil {
		_, err = t.ship(ctx, first, strategy.Definition{Name: "at once", AllAtOnce: &strategy.AllAtOnce{}})
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("releasing the first version: %w", err), t.close())
	}
	return t, nil
}

func (t *theatre) ship(ctx context.Context, p artifact.Payload, s strategy.Definition) (release.Outcome, error) {
	// Two texts without anything that JSON would have to escape.
	config := func(format string) json.RawMessage { return json.RawMessage(fmt.Sprintf(format, t.proxy)) }
	return t.engine.Ship(ctx, release.ShipRequest{Owner: owner, Spec: release.Spec{
		Service: "checkout", Environment: release.Environment{Name: "production", Tier: "production"}, Payload: p,
		Target: target.Config{Driver: "contract", Config: config(`{"url":"%s"}`)}, Strategy: s,
		Policy: release.Policy{Name: "bench", MaxPerDay: 100},
		Signals: map[string]signal.Config{"http": {
			Driver: "openmetrics", Config: config(`{"url":"%s/metrics","preset":"lab"}`),
		}},
	}})
}

// careful is a strategy of these steps, judged at each tick. The dispersion is
// known and the ceiling high, so that calm steps are soon proved safe.
func careful(bake time.Duration, steps ...strategy.CanaryStep) strategy.Definition {
	return strategy.Definition{
		Name: "careful", Canary: &strategy.Canary{Steps: append(steps, strategy.CanaryStep{Weight: 100})}, Bake: field.Duration(bake),
		Analysis: strategy.Analysis{Interval: field.Duration(liveTick), Metrics: map[string]strategy.Metric{
			"errors": {Critical: true, Dispersion: 1, Ceiling: 0.3},
			"slow":   {Dispersion: 1, SlowerThan: &strategy.SlowerThan{BaselineQuantile: 0.99}},
		}},
	}
}
