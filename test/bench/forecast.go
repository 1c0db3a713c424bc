package main

import (
	"context"
	"errors"
	"fmt"
	"path"
	"path/filepath"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/provider/serve"
)

// released are how many releases a plan forecasts.
var released = []int{100, 500}

// releases declares N releases with windows in their way, all on one lab. What they
// wish for is a variable, so that a plan can forecast all of them.
func releases(contract, metrics string, p artifact.Payload) object {
	return object{name: "sluice_release", provider: serve.Address, block: fmt.Sprintf(`
variable "reference" { default = %[3]q }
variable "release_version" { default = %[4]q }
resource "sluice_environment" "production" {
  name = "production"
  tier = "production"
}
resource "sluice_change_window" "weekend" {
  count = 20
  name  = "weekend-${count.index}"
  kind  = "freeze"
  time_zone = "Europe/Berlin"
  recurrence = [{ start = "2026-01-03T00:00", duration = "P2D", rrule = "FREQ=WEEKLY;BYDAY=SA" }]
  reason = "nobody is there"
  scope = { environments = ["another-${count.index}"] }
}
resource "sluice_deployment_strategy" "careful" {
  name = "careful"
  canary = { steps = [{ weight = 5, at_least = "1m" }, { weight = 25, at_least = "5m" }, { weight = 100 }] }
  bake = "10m"
  analysis = { metrics = { errors = { critical = true } } }
}
resource "sluice_release" "bench" {
  count       = var.n
  service     = "bench-${count.index}"
  environment = sluice_environment.production.definition
  artifact    = { version = var.release_version, reference = var.reference }
  target      = { contract = { url = %[1]q } }
  strategy    = sluice_deployment_strategy.careful.definition
  signals     = { http = { openmetrics = { url = %[2]q, preset = "lab" } } }
}`, contract, metrics, p.Reference, p.Version)}
}

// forecasts measures plans of releases: with nothing to do, when each looks at its
// target, and with a new artifact for all, when each asks all gates as well.
func forecasts(ctx context.Context, b *bench) (err error) {
	stage, err := newTheatre(ctx, filepath.Join(b.dir, "forecast"), 1)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stage.close()) }()
	now, err := stage.artifact("1.0.0")
	if err != nil {
		return err
	}
	next, err := stage.artifact("1.1.0")
	if err != nil {
		return err
	}
	in, err := b.installPlain(ctx)
	if err != nil {
		return err
	}
	kind := releases(stage.Contract, stage.Contract+"/metrics", now)
	noop, planned := map[int]float64{}, map[int]float64{}
	for _, n := range released {
		p, err := b.open(ctx, fmt.Sprintf("%s-%d", path.Base(kind.name), n), kind, in)
		if err != nil {
			return err
		}
		if _, err := p.run(ctx, 0, "apply", "-input=false", "-no-color", "-auto-approve", fmt.Sprintf("-var=n=%d", n)); err != nil {
			return err
		}
		var idle, changing []float64
		for range b.rounds(5, 1) {
			u, err := p.plan(ctx, n, false)
			if err != nil {
				return err
			}
			idle = append(idle, u.wall)
			u, err = p.run(ctx, 2, "plan", "-input=false", "-no-color", "-detailed-exitcode", fmt.Sprintf("-var=n=%d", n), "-var=reference="+next.Reference, "-var=release_version="+next.Version)
			if err != nil {
				return err
			}
			changing = append(changing, u.wall)
		}
		noop[n], planned[n] = median(idle), median(changing)
	}
	few, many := released[0], released[1]
	b.want(fmt.Sprintf("noop_plan_%d_releases", many), noop[many], "s", atMost(5))
	b.add(fmt.Sprintf("plan_%d_releases_forecast", many), planned[many], "s")
	grew := float64(many) / float64(few)
	b.want("noop_plan_releases_growth_ratio", noop[many]/noop[few]/grew, "x", atMost(1.25))
	b.want("plan_releases_forecast_growth_ratio", planned[many]/planned[few]/grew, "x", atMost(1.25))
	return nil
}
