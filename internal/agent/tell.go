package agent

import (
	"context"
	"time"
)

// tellEvery is the time between two looks for what nobody was told yet: what others
// recorded, and what a receiver did not take before.
const tellEvery = 30 * time.Second

// telling delivers, beside the driving and never in it, until ctx ends. What goes wrong
// stays open, and is tried again.
func (a *Agent) telling(ctx context.Context) {
	for {
		if err := a.opts.Tell(ctx); err != nil && ctx.Err() == nil {
			a.log.Warn("what happened could not be told", "error", err)
		}
		if a.opts.Clock.Sleep(ctx, tellEvery) != nil {
			return
		}
	}
}
