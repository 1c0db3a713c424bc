package judge

import "math"

// random is SplitMix64 (Steele, Lea and Flood, 2014): small, and the same on
// every machine for ever, so that a backtest can be repeated from its seed. It is
// for pretended arms only; no verdict on real traffic draws a number.
type random struct{ state uint64 }

func (r *random) next() uint64 {
	r.state += 0x9e3779b97f4a7c15
	z := r.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// uniform is in (0, 1).
func (r *random) uniform() float64 {
	return (float64(r.next()>>11) + 0.5) / (1 << 53)
}

// normal is a standard normal number, by Box and Muller.
func (r *random) normal() float64 {
	return math.Sqrt(-2*math.Log(r.uniform())) * math.Cos(2*math.Pi*r.uniform())
}

// binomial draws how many of n go one way when each does with probability p:
// exactly up to a variance of 100, by inversion; beyond it by the rounded normal
// distribution, which is near enough to share out plain traffic.
func (r *random) binomial(n, p float64) float64 {
	n = math.Round(n)
	if n <= 0 || p <= 0 {
		return 0
	}
	if p >= 1 {
		return n
	}
	if p > 0.5 {
		return n - r.binomial(n, 1-p)
	}
	if n*p*(1-p) > 100 {
		x := math.Round(n*p + r.normal()*math.Sqrt(n*p*(1-p)))
		return math.Min(n, math.Max(0, x))
	}
	// The chance of k+1 follows from that of k. With a variance of at most 100 and
	// p of at most a half, the first one is at least exp(-278), which a float64 holds.
	odds := p / (1 - p)
	chance := math.Exp(n * math.Log1p(-p))
	u, x := r.uniform(), 0.0
	for u > chance && x < n {
		u -= chance
		chance *= (n - x) / (x + 1) * odds
		x++
	}
	return x
}
