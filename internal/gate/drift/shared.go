package drift

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/drift"
)

// Shared makes a look that is made once for all who ask about the same check within a
// time, which begins when the look has come back. It is for forecasts, of which a plan
// has as many as releases; whoever is about to act looks anew. Safe for concurrent use
// when the look is.
func Shared(look Look, c clock.Clock, keep time.Duration) Look {
	type seen struct {
		mu     sync.Mutex
		report drift.Report
		err    error
		until  time.Time
	}
	var mu sync.Mutex
	entries := map[string]*seen{}
	return func(ctx context.Context, check drift.Check, at time.Time) (drift.Report, error) {
		key, err := json.Marshal(check)
		if err != nil {
			return look(ctx, check, at)
		}
		mu.Lock()
		entry := entries[string(key)]
		if entry == nil {
			entry = &seen{}
			entries[string(key)] = entry
		}
		mu.Unlock()
		entry.mu.Lock()
		defer entry.mu.Unlock()
		if now := c.Now(); now.Before(entry.until) && !now.Before(entry.until.Add(-keep)) {
			return entry.report, entry.err
		}
		report, err := look(ctx, check, at)
		if ctx.Err() == nil {
			entry.report, entry.err, entry.until = report, err, c.Now().Add(keep)
		}
		return report, err
	}
}
