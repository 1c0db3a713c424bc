package drift_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	checks "github.com/sluice/terraform-provider-sluice/internal/drift"
	"github.com/sluice/terraform-provider-sluice/internal/gate/drift"
)

// A look is shared by those who ask at about the same time, and by nobody later.
func TestALookIsShared(t *testing.T) {
	var looks atomic.Int64
	fake := clock.NewFake(now)
	shared := drift.Shared(func(context.Context, checks.Check, time.Time) (checks.Report, error) {
		looks.Add(1)
		return checks.Report{Status: checks.StatusDrifted}, nil
	}, fake, 10*time.Second)
	ask := func(ctx context.Context, check checks.Check) {
		if r, err := shared(ctx, check, now); err != nil || r.Status != checks.StatusDrifted {
			t.Errorf("%+v, %v", r, err)
		}
	}
	want := func(n int64, when string) {
		t.Helper()
		if got := looks.Load(); got != n {
			t.Errorf("%s: %d looks, want %d", when, got, n)
		}
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	ask(gone, checks.Check{Release: key})
	want(1, "given up")
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() { ask(t.Context(), checks.Check{Release: key}) })
	}
	all.Wait()
	want(2, "50 at once")
	ask(t.Context(), checks.Check{Release: cart})
	want(3, "another check")
	ask(t.Context(), checks.Check{Release: key, Mode: checks.ModeFail})
	want(4, "the check, edited")
	fake.Advance(10 * time.Second)
	ask(t.Context(), checks.Check{Release: key})
	want(5, "later")
	fake.Set(now.Add(-time.Hour))
	ask(t.Context(), checks.Check{Release: key})
	want(6, "after the clock was set back")
}
