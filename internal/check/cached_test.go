package check_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/check"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
)

// counting answers with a status, and counts how often it is asked.
type counting struct {
	asked  atomic.Int64
	status check.Status
}

func (c *counting) Run(_ context.Context, ask check.Check) check.Result {
	c.asked.Add(1)
	return check.Result{Name: ask.Name, Status: c.status}
}

func TestCachedAsksOnceForAllWhoAskAtOnce(t *testing.T) {
	inner := &counting{status: check.Pass}
	fake := clock.NewFake(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	cached := check.NewCached(inner, fake, 2*time.Second)
	one, other := check.Check{Name: "a", URL: "http://x/a"}, check.Check{Name: "a", URL: "http://x/b"}
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if got := cached.Run(context.Background(), one); !got.Passed() || got.Name != "a" {
				t.Errorf("%+v", got)
			}
		})
	}
	all.Wait()
	ask := func(c check.Check, want int64, when string) {
		t.Helper()
		cached.Run(context.Background(), c)
		if got := inner.asked.Load(); got != want {
			t.Errorf("%s: asked %d times, want %d", when, got, want)
		}
	}
	ask(one, 1, "at once")
	ask(other, 2, "another check")
	fake.Advance(2*time.Second - time.Millisecond)
	ask(one, 2, "just before the end")
	fake.Advance(time.Millisecond)
	ask(one, 3, "at the end")
	fake.Set(fake.Now().Add(-time.Hour))
	ask(one, 4, "after the clock was set back")
}

// What one asker gave up is not an answer for the next.
func TestCachedKeepsNothingThatWasGivenUp(t *testing.T) {
	inner := &counting{status: check.Unknown}
	cached := check.NewCached(inner, clock.NewFake(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)), time.Minute)
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	cached.Run(gone, check.Check{Name: "a"})
	inner.status = check.Pass
	if got := cached.Run(context.Background(), check.Check{Name: "a"}); !got.Passed() {
		t.Errorf("%+v", got)
	}
}
