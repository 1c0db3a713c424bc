package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
)

const tickRecord = appended + release.KindTick

// calls counts, over a whole rollout on the lab, what goes over the network
// between two ticks: to the target and to the metric source.
func calls(ctx context.Context, b *bench) (err error) {
	t, err := newTheatre(ctx, filepath.Join(b.dir, "calls"), 200)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	next, err := t.artifact("1.1.0")
	if err != nil {
		return err
	}
	stand := field.Duration(3 * liveTick)
	from := t.journal.length()
	limited, stop := context.WithTimeout(ctx, 3*time.Minute)
	defer stop()
	outcome, err := t.ship(limited, next, careful(3*liveTick,
		strategy.CanaryStep{Weight: 25, AtLeast: stand}, strategy.CanaryStep{Weight: 50, AtLeast: stand}))
	if err != nil || outcome.Result != release.Shipped {
		return fmt.Errorf("the rollout did not succeed: %s: %w", outcome.Result, err)
	}
	perTick, appends := betweenTicks(t.journal.since(from))
	if len(perTick) == 0 {
		return errors.New("the rollout had no two ticks")
	}
	b.want("calls_per_tick_most", greatest(perTick), "calls", atMost(5))
	b.add("calls_per_tick_median", median(perTick), "calls")
	b.add("appends_per_tick_most", greatest(appends), "appends")
	b.add("ticks_counted", float64(len(perTick)), "ticks")
	return nil
}

// betweenTicks counts what happened from one tick to the next: calls over the
// network, and durable appends. What a new step needs is counted with its first
// tick.
func betweenTicks(events []event) (network, appends []float64) {
	before := -1
	for i, e := range events {
		if e.what != tickRecord {
			continue
		}
		if before >= 0 {
			between := events[before+1 : i+1]
			network = append(network, float64(count(between, callTarget, callSignal)))
			appends = append(appends, float64(count(between, appended)))
		}
		before = i
	}
	return network, appends
}
