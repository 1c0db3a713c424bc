package judge

import "math"

// world makes counts for the simulations: rates and exposures by arm and tick.
type world struct {
	random
}

// poisson draws a Poisson number: by inversion up to a mean of 60, beyond it by
// the rounded normal distribution.
func (w *world) poisson(mean float64) float64 {
	if mean > 60 {
		return math.Max(0, math.Round(mean+w.normal()*math.Sqrt(mean)))
	}
	chance := math.Exp(-mean)
	u, x := w.uniform(), 0.0
	for u > chance && x < 1000 {
		u -= chance
		x++
		chance *= mean / x
	}
	return x
}

// exponential is a gamma number of shape 1 and mean 1.
func (w *world) exponential() float64 { return -math.Log(w.uniform()) }

// autocorrelated is the next value of a stationary AR(1) process of log rates
// with correlation rho between neighbours and standard deviation sd.
func (w *world) autocorrelated(last, rho, sd float64) float64 {
	return rho*last + sd*math.Sqrt(1-rho*rho)*w.normal()
}
