package haproxy_test

import (
	"math"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/haproxy"
)

func TestWholePercentsAreExact(t *testing.T) {
	for servers := 1; servers <= 10; servers++ {
		n := haproxy.Count{Baseline: servers, Canary: servers}
		for share := 0.0; share <= 100; share++ {
			p, err := haproxy.Weights(share, n)
			if err != nil || p.Share(n) != share || haproxy.ShareOf(p, n) != share {
				t.Errorf("%g %% of %d and %d: %+v gives %v, reads as %v: %v", share, servers, servers, p, p.Share(n), haproxy.ShareOf(p, n), err)
			}
		}
	}
}

func TestSharesAreRoundedALittleOrRefused(t *testing.T) {
	one := haproxy.Count{Baseline: 2, Canary: 2}
	for _, tc := range []struct {
		share float64
		n     haproxy.Count
		// exact is what the weights give, 0 for a share that is refused.
		exact float64
	}{
		{12.5, one, 12.5},
		{0.5, one, 0.5},
		{33.3, one, 100.0 / 3},
		{5, haproxy.Count{Baseline: 10, Canary: 1}, 5},
		{90, haproxy.Count{Baseline: 3, Canary: 1}, 90},
		// Nothing is nearer than half, and what reads as half is not what was asked.
		{49.95, one, 0},
		{0.1, one, 0},
		{99.9, one, 0},
		// A fifth of a percent too much is a fifth of the canary's users too many.
		{1, haproxy.Count{Baseline: 1, Canary: 4}, 0},
	} {
		p, err := haproxy.Weights(tc.share, tc.n)
		switch {
		case tc.exact == 0 && err == nil:
			t.Errorf("%g %% of %+v gives %+v, want an error", tc.share, tc.n, p)
		case tc.exact == 0:
		case err != nil || math.Abs(p.Share(tc.n)-tc.exact) > 1e-9 || haproxy.ShareOf(p, tc.n) != tc.share:
			t.Errorf("%g %% of %+v gives %+v, which is %v and reads as %v: %v", tc.share, tc.n, p, p.Share(tc.n), haproxy.ShareOf(p, tc.n), err)
		}
	}
}

// Whatever is asked for: what is accepted is near, and reads as what was asked.
func FuzzWeights(f *testing.F) {
	f.Add(500, uint8(2), uint8(2))
	f.Add(1, uint8(1), uint8(200))
	f.Fuzz(func(t *testing.T, hundredths int, baseline, canary uint8) {
		share := float64(((hundredths%10001)+10001)%10001) / 100
		n := haproxy.Count{Baseline: int(baseline) + 1, Canary: int(canary) + 1}
		p, err := haproxy.Weights(share, n)
		if err != nil {
			return
		}
		if p.Baseline < 0 || p.Baseline > haproxy.MaxWeight || p.Canary < 0 || p.Canary > haproxy.MaxWeight ||
			math.Abs(p.Share(n)-share) > 0.05 || haproxy.ShareOf(p, n) != share || share > 0 && share < 100 && p.Baseline*p.Canary == 0 {
			t.Errorf("%g %% of %+v: %+v gives %v and reads as %v", share, n, p, p.Share(n), haproxy.ShareOf(p, n))
		}
	})
}

// Weights that a hand has set read as what they amount to, and never as none or
// all of the traffic while both arms get some.
func TestWeightsOfAHand(t *testing.T) {
	n := haproxy.Count{Baseline: 2, Canary: 1}
	for p, want := range map[haproxy.Pair]float64{
		{Baseline: 100, Canary: 0}: 0, {Baseline: 0, Canary: 3}: 100, {Baseline: 0, Canary: 0}: 0,
		{Baseline: 100, Canary: 100}: 33.33, {Baseline: 7, Canary: 1}: 6.67,
	} {
		if got := haproxy.ShareOf(p, n); got != want {
			t.Errorf("%+v reads as %v, want %v", p, got, want)
		}
	}
	if got := haproxy.ShareOf(haproxy.Pair{Baseline: 256, Canary: 1}, haproxy.Count{Baseline: 128, Canary: 1}); got <= 0 {
		t.Errorf("the least share reads as %v", got)
	}
}
