package check

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
)

// Cached runs each check once for all who ask at about the same time, such as the
// forecasts of one plan. It is safe for concurrent use.
type Cached struct {
	runner Runner
	clock  clock.Clock
	keep   time.Duration

	mu      sync.Mutex
	entries map[string]*cachedResult
}

var _ Runner = (*Cached)(nil)

// cachedResult holds its lock while the check runs, so that others wait for it.
type cachedResult struct {
	mu     sync.Mutex
	result Result
	until  time.Time
}

// NewCached makes a runner that keeps each answer for a time, which begins when the
// answer has come.
func NewCached(runner Runner, c clock.Clock, keep time.Duration) *Cached {
	return &Cached{runner: runner, clock: c, keep: keep, entries: map[string]*cachedResult{}}
}

// Run implements Runner. What was given up by one asker is not an answer for the
// next one.
func (c *Cached) Run(ctx context.Context, check Check) Result {
	key, err := json.Marshal(check)
	if err != nil {
		return c.runner.Run(ctx, check)
	}
	c.mu.Lock()
	entry := c.entries[string(key)]
	if entry == nil {
		entry = &cachedResult{}
		c.entries[string(key)] = entry
	}
	c.mu.Unlock()
	entry.mu.Lock()
	defer entry.mu.Unlock()
	if now := c.clock.Now(); now.Before(entry.until) && !now.Before(entry.until.Add(-c.keep)) {
		return entry.result
	}
	result := c.runner.Run(ctx, check)
	if ctx.Err() == nil {
		entry.result, entry.until = result, c.clock.Now().Add(c.keep)
	}
	return result
}
