package release_test

import (
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
)

// jobs drives a step of half an hour by a job every five minutes, and says what it has
// soaked after each.
func jobs(t *testing.T, w *world, n int) (soaked []time.Duration) {
	t.Helper()
	req := patient(good)
	req.Spec.ContinuedBy = &release.ContinuedBy{Every: minutes(5)}
	req.Spec.Strategy.Canary.Steps[0].AtLeast = minutes(30)
	req.Stay.Wait = release.WaitStep
	out, err := w.engine("apply", nil).Ship(t.Context(), req)
	for range n {
		if err != nil || out.Result != release.Underway {
			t.Fatalf("%s, %v", out.Result, err)
		}
		w.clock.Advance(5 * time.Minute)
		began := w.clock.Now()
		out, err = w.engine("job", nil).ContinueFor(t.Context(), key, release.Stay{Wait: release.WaitStep})
		if took := w.clock.Now().Sub(began); took > 2*time.Minute {
			t.Errorf("a job took %s", took)
		}
		open := fold(t, w).Open()
		if open == nil || open.Step > 0 {
			return soaked
		}
		soaked = append(soaked, open.Soak)
	}
	return soaked
}

// Soak counts the intervals whose counts the store kept, though nobody looked.
func TestAGapWhoseCountsWereKeptSoaks(t *testing.T) {
	w := upgrade(t)
	w.keeps = func(s signal.Span) []signal.Span { return []signal.Span{s} }
	soaked := jobs(t, w, 8)
	if open := fold(t, w).Open(); open == nil || open.Step != 1 || len(soaked) < 4 || len(soaked) > 6 {
		t.Errorf("%s after %v", brief(open), soaked)
	}
}

// A gap that nobody vouches for is no soak, and neither is one that the target spent
// elsewhere.
func TestAGapWithoutCountsDoesNotSoak(t *testing.T) {
	w := upgrade(t)
	w.keeps = func(signal.Span) []signal.Span { return nil }
	soaked := jobs(t, w, 8)
	if last := soaked[len(soaked)-1]; last > 2*time.Minute || len(soaked) != 8 {
		t.Errorf("it soaked %v", soaked)
	}
	half := upgrade(t)
	half.keeps = func(s signal.Span) []signal.Span {
		return []signal.Span{{Start: s.Start.Add(s.End.Sub(s.Start) / 2), End: s.End}}
	}
	soaked = jobs(t, half, 4)
	if last := soaked[len(soaked)-1]; last < 8*time.Minute || last > 13*time.Minute {
		t.Errorf("with the half of the counts it soaked %v", soaked)
	}
}

// Counts that come late are of the gap all the same.
func TestCountsOfAGapThatComeLateSoak(t *testing.T) {
	w := upgrade(t)
	w.keeps = func(s signal.Span) []signal.Span { return []signal.Span{s} }
	w.scrape = 7 * time.Minute
	soaked := jobs(t, w, 4)
	if last := soaked[len(soaked)-1]; last < 10*time.Minute {
		t.Errorf("it soaked %v", soaked)
	}
}
