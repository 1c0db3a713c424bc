package judge

import (
	"math"
	"strconv"
)

// maxEvidence caps what is printed of an e-value, since JSON has no infinity.
// The sums themselves are logarithms and never overflow.
const maxEvidence = 1e300

// logMeanExp returns log(mean(exp(values))) without overflow. The list is not
// empty and its members are finite.
func logMeanExp(values []float64) float64 {
	top := values[0]
	for _, value := range values[1:] {
		top = math.Max(top, value)
	}
	sum := 0.0
	for _, value := range values {
		// Exp is dear: below -40 a term is lost in the sum anyway.
		switch {
		case value == top:
			sum++
		case value-top > -40:
			sum += math.Exp(value - top)
		}
	}
	return top + math.Log(sum/float64(len(values)))
}

// logMix returns log(w*exp(a) + (1-w)*exp(b)) without overflow, for w in (0, 1).
func logMix(w, a, b float64) float64 {
	a += math.Log(w)
	b += math.Log(1 - w)
	top := math.Max(a, b)
	return top + math.Log(math.Exp(a-top)+math.Exp(b-top))
}

// evidence turns a logarithm into the e-value that is shown.
func evidence(log float64) float64 {
	if log > math.Log(maxEvidence) {
		return maxEvidence
	}
	return shown(math.Exp(log))
}

// shown rounds to six significant digits: what people can use, and few enough
// that processors which fuse a multiplication with an addition print the same.
func shown(value float64) float64 {
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(value, 'g', 6, 64), 64)
	if err != nil || math.IsNaN(rounded) || math.IsInf(rounded, 0) {
		return maxEvidence
	}
	return rounded
}

// zeros returns the logarithms of n bets that nothing has been won or lost on.
func zeros(n int) []float64 { return make([]float64, n) }
