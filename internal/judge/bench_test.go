package judge

import (
	"fmt"
	"testing"
)

// BenchmarkObserve is judge decisions per second: one tick of a running rollout,
// with bad events in both arms, interval and words included.
func BenchmarkObserve(b *testing.B) {
	for _, metrics := range []int{1, 10} {
		b.Run(fmt.Sprintf("metrics=%d", metrics), func(b *testing.B) {
			s := start(b, Defaults(), tenMetrics(1)[:metrics]...)
			w := seeded("bench", 1)
			sim := steady{600, 600, 0.01, 1}
			counts := make([]Counts, metrics)
			for i := range counts {
				counts[i].Metric = s.Metrics[i].Name
			}
			for n := range 100 {
				sim.next(w, n, counts)
				s.advance(Tick{At: float64(n + 1), Weight: 50, Counts: counts})
			}
			next := Tick{At: 1000, Weight: 50, Counts: counts}
			b.ReportAllocs()
			for b.Loop() {
				s.Observe(next)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "decisions/s")
		})
	}
}
