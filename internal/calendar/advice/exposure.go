package advice

import (
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/strategy"
)

// Leg is a stretch of a release during which a share of the users meets the new
// artifact.
type Leg struct {
	// Share is from 0 to 1.
	Share float64
	Time  time.Duration
}

// Exposure is a whole release, leg by leg. Nil where nobody says how one goes.
type Exposure []Leg

// ExposureOf is what a strategy plans: each step for as long as it stands at the
// least, and the bake with everybody on the new artifact.
func ExposureOf(d strategy.Definition) Exposure {
	var e Exposure
	steps := d.Steps()
	for i, s := range steps {
		stands := s.AtLeast
		if i == len(steps)-1 {
			stands = max(stands, d.Bake.Std())
		}
		if stands > 0 {
			e = append(e, Leg{s.Traffic.Weight / 100, stands})
		}
	}
	return e
}

// Takes is how long the release lasts.
func (e Exposure) Takes() time.Duration {
	var sum time.Duration
	for _, l := range e {
		sum += l.Time
	}
	return sum
}

// atRate is how many requests meet the new artifact at a steady rate an hour.
func (e Exposure) atRate(perHour float64) float64 {
	sum := 0.0
	for _, l := range e {
		sum += l.Share * perHour * l.Time.Hours()
	}
	return sum
}

// touched is how many requests a release that begins with an hour of the week
// meets; false when it runs into an hour that is not known.
func (e Exposure) touched(w *week, start int) (float64, bool) {
	sum := 0.0
	var at time.Duration
	for _, l := range e {
		for left := l.Time; left > 0; {
			h := w[(start+int(at/time.Hour))%hoursOfWeek]
			if !h.Known {
				return 0, false
			}
			part := min(left, time.Hour-at%time.Hour)
			sum += l.Share * h.Requests * part.Hours()
			at, left = at+part, left-part
		}
	}
	return sum, true
}
