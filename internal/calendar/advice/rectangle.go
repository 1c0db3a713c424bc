package advice

import (
	"slices"
	"time"
)

// rectangle is the same hours on several days: what one weekly rule can say.
type rectangle struct {
	// start is the hour of the day from which on, and length how many hours it lasts,
	// at most 24. Days are those on which it starts, Monday first.
	start, length int
	days          []time.Weekday
	requests      float64
}

// slots are the hours of the week that it holds.
func (r rectangle) slots() []int {
	var out []int
	for _, d := range r.days {
		for k := range r.length {
			out = append(out, (slot(d, r.start)+k)%hoursOfWeek)
		}
	}
	return out
}

// rectangles covers the free hours, as few rules as possible first: each takes the
// most hours that one rule can, and of as many hours the quieter ones.
func rectangles(w *week, free [hoursOfWeek]bool, least, most int) []rectangle {
	var out []rectangle
	for len(out) < most {
		best := rectangle{}
		for start := range 24 {
			for length := least; length <= 24; length++ {
				r := at(w, free, start, length)
				if r.better(best) {
					best = r
				}
			}
		}
		if len(best.days) == 0 {
			break
		}
		for _, i := range best.slots() {
			free[i] = false
		}
		out = append(out, best)
	}
	return out
}

// at is the rectangle of all days on which those hours are free.
func at(w *week, free [hoursOfWeek]bool, start, length int) rectangle {
	r := rectangle{start: start, length: length}
	for i := range 7 {
		sum, all := 0.0, true
		for k := 0; k < length && all; k++ {
			s := (i*24 + start + k) % hoursOfWeek
			all = free[s]
			sum += w[s].Requests
		}
		if all {
			r.days = append(r.days, w[i*24].Day)
			r.requests += sum
		}
	}
	return r
}

func (r rectangle) better(than rectangle) bool {
	a, b := r.length*len(r.days), than.length*len(than.days)
	if a != b {
		return a > b
	}
	return a > 0 && r.requests < than.requests
}

// runs are the stretches of true hours within one day, from Monday on.
func runs(is func(i int) bool) [][2]int {
	var out [][2]int
	for i := range hoursOfWeek {
		if !is(i) {
			continue
		}
		if n := len(out); n > 0 && out[n-1][1] == i && i%24 != 0 {
			out[n-1][1]++
		} else {
			out = append(out, [2]int{i, i + 1})
		}
	}
	return slices.Clip(out)
}
