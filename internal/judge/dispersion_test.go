package judge

import (
	"errors"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func blocks(n int, block func(i int) Block) []Block {
	var all []Block
	for i := range n {
		all = append(all, block(i))
	}
	return all
}

func TestEstimateDispersion(t *testing.T) {
	w := &world{random{1}}
	for _, test := range []struct {
		name      string
		blocks    []Block
		low, high float64
		known     bool
	}{
		{"no history", nil, 0, 0, false},
		{"eleven blocks", blocks(11, func(int) Block { return Block{3, 100} }), 0, 0, false},
		{"twelve blocks, one empty", append(blocks(11, func(int) Block { return Block{3, 100} }), Block{}), 0, 0, false},
		{"never fails", blocks(144, func(int) Block { return Block{0, 6000} }), 1, 1, true},
		{"too regular", blocks(144, func(int) Block { return Block{60, 6000} }), 1, 1, true},
		{"Poisson", blocks(2000, func(int) Block { return Block{w.poisson(50), 5000} }), 1, 1.15, true},
		{"traffic changes, the rate does not", blocks(2000, func(i int) Block {
			total := 500 + 5000*float64(i%24)
			return Block{w.poisson(total * 0.01), total}
		}), 1, 1.15, true},
		{"gamma bursts", blocks(2000, func(int) Block { return Block{w.poisson(6 * w.exponential()), 600} }), 6, 8, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, known, err := EstimateDispersion(test.blocks)
			if err != nil || known != test.known || got < test.low || got > test.high {
				t.Errorf("got %v, %v, %v; want %v to %v, %v", got, known, err, test.low, test.high, test.known)
			}
		})
	}
}

func TestEstimateDispersionIsVarianceToMean(t *testing.T) {
	counts := []float64{4, 7, 1, 9, 12, 3, 5, 5, 8, 2, 6, 10}
	mean, variance := 0.0, 0.0
	for _, x := range counts {
		mean += x / 12
	}
	for _, x := range counts {
		variance += (x - mean) * (x - mean) / 11
	}
	got, _, err := EstimateDispersion(blocks(12, func(i int) Block { return Block{counts[i], 1000} }))
	if err != nil || math.Abs(got-variance/mean) > 1e-12 {
		t.Errorf("got %v, %v; want %v", got, err, variance/mean)
	}
}

func TestEstimateDispersionRefuses(t *testing.T) {
	for name, bad := range map[string]Block{
		"negative": {-1, 10}, "NaN": {math.NaN(), 10}, "infinite": {1, math.Inf(1)}, "bad without exposure": {1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			if _, known, err := EstimateDispersion([]Block{bad}); !errors.Is(err, ErrCounts) || known {
				t.Errorf("got %v, %v; want ErrCounts", known, err)
			}
		})
	}
}

func TestBlocks(t *testing.T) {
	got := Blocks([]Sample{{100, 1, 10}, {699, 2, 20}, {700, 4, 40}, {2000, 8, 80}, {650, 1, 1}})
	if diff := cmp.Diff([]Block{{4, 31}, {4, 40}, {8, 80}}, got); diff != "" {
		t.Error(diff)
	}
	if got := Blocks(nil); got != nil {
		t.Errorf("got %v of nothing", got)
	}
}
