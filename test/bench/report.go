package main

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"sync"
	"time"
)

// bound is what is wanted of a figure.
type bound struct {
	sign  string
	value float64
}

func atMost(value float64) bound  { return bound{"<=", value} }
func atLeast(value float64) bound { return bound{">=", value} }

func (b bound) met(value float64) bool {
	if b.sign == "<=" {
		return value <= b.value
	}
	return value >= b.value
}

// figure is one line of the report.
type figure struct {
	name  string
	value float64
	unit  string
	want  *bound
}

// report prints figures as they come and remembers which of them were wanted.
type report struct {
	out, log io.Writer
	began    time.Time

	mu      sync.Mutex
	figures []figure
}

func newReport(out, log io.Writer) *report {
	return &report{out: out, log: log, began: time.Now()}
}

// say tells the person who waits what happens.
func (r *report) say(format string, args ...any) {
	fmt.Fprintf(r.log, "%6.1f s  %s\n", time.Since(r.began).Seconds(), fmt.Sprintf(format, args...))
}

// add prints a figure of which nothing is wanted.
func (r *report) add(name string, value float64, unit string) {
	r.print(figure{name: name, value: value, unit: unit})
}

// want prints a figure that has a bound.
func (r *report) want(name string, value float64, unit string, b bound) {
	r.print(figure{name: name, value: value, unit: unit, want: &b})
}

func (r *report) print(f figure) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.figures = append(r.figures, f)
	fmt.Fprintf(r.out, "%s %s %s\n", f.name, number(f.value), f.unit)
}

// value is that of a figure which was measured before.
func (r *report) value(name string) (float64, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, f := range r.figures {
		if f.name == name {
			return f.value, true
		}
	}
	return 0, false
}

// summary says, for each figure with a bound, whether it was met.
func (r *report) summary() {
	r.mu.Lock()
	defer r.mu.Unlock()
	missed, wanted := 0, 0
	fmt.Fprintf(r.log, "\n%-44s %12s %-7s %-10s\n", "figure", "measured", "unit", "wanted")
	for _, f := range r.figures {
		if f.want == nil {
			continue
		}
		wanted++
		verdict := "met"
		if !f.want.met(f.value) {
			verdict, missed = "MISSED", missed+1
		}
		fmt.Fprintf(r.log, "%-44s %12s %-7s %-10s %s\n", f.name, number(f.value), f.unit, f.want.sign+" "+number(f.want.value), verdict)
	}
	fmt.Fprintf(r.log, "\n%d of %d wanted figures met\n", wanted-missed, wanted)
}

// number writes a value with four digits, and whole numbers whole.
func number(v float64) string {
	if v == math.Trunc(v) && math.Abs(v) < 1e15 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	digits := 0
	for scale := 1000.0; math.Abs(v) < scale && digits < 9; scale /= 10 {
		digits++
	}
	return strconv.FormatFloat(v, 'f', digits, 64)
}
