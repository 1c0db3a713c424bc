package lambda_test

import (
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/lambda/lambdatest"
)

// calls counts the requests that f makes.
func calls(s *lambdatest.Server, f func()) int {
	sum := func() (n int) {
		s.Change(func(*lambdatest.Function) {
			for _, c := range s.Calls {
				n += c
			}
		})
		return n
	}
	before := sum()
	f()
	return sum() - before
}

// The page of the driver says what looks, steps and rollbacks cost.
func TestWhatItCosts(t *testing.T) {
	s := serve(t)
	d := open(t, config(s), clock.NewFake(start))
	prepare(t, d)
	look := func() {
		if o, err := d.Observe(t.Context()); err != nil || !o.Known || o.Canary == nil {
			t.Fatalf("%+v, %v", o, err)
		}
	}
	look()
	if n := calls(s, look); n != 1 {
		t.Errorf("a look takes %d calls", n)
	}
	if n := calls(s, func() {
		if err := apply(t, d, "5", 5); err != nil {
			t.Fatal(err)
		}
	}); n != 4 {
		t.Errorf("a step takes %d calls", n)
	}
	if n := calls(s, func() {
		if p, err := d.Revert(t.Context(), write("revert")); err != nil || !p.Done || !p.Observation.Known {
			t.Fatalf("%+v, %v", p, err)
		}
	}); n != 2 {
		t.Errorf("a rollback takes %d calls", n)
	}
}

// The look before a rollout asks for each right once, and does not read a second time
// what the first look has read.
func TestWhatTheLookBeforeARolloutCosts(t *testing.T) {
	for provisioned, want := range map[int32][2]int{0: {2, 7}, 2: {2, 10}} {
		s := serve(t)
		c := config(s)
		c.ProvisionedConcurrency = provisioned
		d := open(t, c, clock.NewFake(start))
		first := calls(s, func() {
			if o, err := d.Observe(t.Context()); err != nil || !o.Known {
				t.Fatalf("%+v, %v", o, err)
			}
		})
		n := calls(s, func() {
			if obstacles, err := d.Preflight(t.Context(), b); err != nil || len(obstacles) > 0 {
				t.Fatalf("%+v, %v", obstacles, err)
			}
		})
		if first != want[0] || n != want[1] {
			t.Errorf("with concurrency %d it takes %d calls, after %d of the first look", provisioned, n, first)
		}
	}
}

// A new version costs so many calls until it is the canary.
func TestWhatANewVersionCosts(t *testing.T) {
	s := serve(t)
	d := open(t, config(s), clock.NewFake(start))
	if n := calls(s, func() { prepare(t, d) }); n != 13 {
		t.Errorf("it takes %d calls", n)
	}
}

// Two hundred rollouts in one account that look every 30 seconds stay below the
// ceiling of calls; here is one of them for five minutes.
func TestTwoHundredRolloutsStayBelowTheCeiling(t *testing.T) {
	const (
		rollouts = 200
		interval = 30 * time.Second
		watched  = 5 * time.Minute
	)
	s := serve(t)
	clk := clock.NewFake(start)
	d := open(t, config(s), clk)
	prepare(t, d)
	n := calls(s, func() {
		for range int(watched / interval) {
			clk.Advance(interval)
			if _, err := d.Observe(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	})
	if each := float64(n) * rollouts / watched.Seconds(); each > awscloud.Ceiling {
		t.Errorf("%g calls a second, of %d", each, awscloud.Ceiling)
	} else {
		t.Logf("%g calls a second", each)
	}
}

// What can change of a version is seen: before each change at once, and by those who
// look within minutes.
func TestAVersionThatIsGoneIsSeen(t *testing.T) {
	s := serve(t)
	clk := clock.NewFake(start)
	d := open(t, config(s), clk)
	prepare(t, d)
	canary := func() bool {
		o, err := d.Observe(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return o.Canary != nil
	}
	s.Change(func(f *lambdatest.Function) { delete(f.Versions, "2") })
	if !canary() {
		t.Error("it was asked for at once")
	}
	clk.Advance(5 * time.Minute)
	if canary() {
		t.Error("the version is still there after five minutes")
	}
	if err := apply(t, d, "5", 5); target.CodeOf(err) != target.CodeConflict {
		t.Errorf("a weight for what is gone: %v", err)
	}
}

// A version that somebody deleted a moment ago gets no traffic.
func TestAWeightIsGivenToWhatIsThereNow(t *testing.T) {
	s := serve(t)
	d := open(t, config(s), clock.NewFake(start))
	prepare(t, d)
	s.Change(func(f *lambdatest.Function) { delete(f.Versions, "2") })
	if err := apply(t, d, "5", 5); target.CodeOf(err) != target.CodeConflict {
		t.Errorf("a weight for what is gone: %v", err)
	}
}
