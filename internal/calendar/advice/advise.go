package advice

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/field"
)

// Advice is the answer. Requests are per hour, and shares from 0 to 1.
type Advice struct {
	// Found is whether there is a window.
	Found   bool     `json:"found"`
	Zone    string   `json:"time_zone"`
	From    string   `json:"from"`
	To      string   `json:"to"`
	Weeks   int      `json:"weeks_known"`
	Mean    float64  `json:"requests_per_hour"`
	Unknown int      `json:"unknown_hours"`
	Quiet   []Quiet  `json:"quiet_hours"`
	Windows []Window `json:"windows"`
	// Release is what a release touches outside of the windows; nil without one.
	Release *Touched `json:"touched,omitempty"`
	// Spent is which share of the error budget the errors of the series spend; nil
	// without errors or ceiling.
	Spent   *float64 `json:"budget_spent,omitempty"`
	Reasons []string `json:"reasons"`
	Picture string   `json:"picture"`
}

// Quiet is a stretch of quiet hours of one day.
type Quiet struct {
	Day      string  `json:"day"`
	From     string  `json:"from"`
	To       string  `json:"to"`
	Requests float64 `json:"requests_per_hour"`
	Share    float64 `json:"share_of_mean"`
}

// Touched is what a release touches at an average and at the busiest time.
type Touched struct {
	Takes       string   `json:"takes"`
	AtMean      float64  `json:"requests_at_mean"`
	AtBusiest   *float64 `json:"requests_at_busiest,omitempty"`
	BudgetMean  *float64 `json:"budget_at_mean,omitempty"`
	BudgetWorst *float64 `json:"budget_at_busiest,omitempty"`
}

// Window is one that can be declared.
type Window struct {
	Days     []string `json:"days"`
	From     string   `json:"from"`
	To       string   `json:"to"`
	Duration string   `json:"duration"`
	Requests float64  `json:"requests_per_hour"`
	Share    float64  `json:"share_of_mean"`
	// Best and Worst are what a release touches that begins at the best and the worst
	// full hour at which it still ends inside; Budget is the share of the error budget
	// that the worst would spend if every request that it touches failed.
	Best   *float64 `json:"requests_touched_at_best,omitempty"`
	BestAt string   `json:"best_start,omitempty"`
	Worst  *float64 `json:"requests_touched_at_worst,omitempty"`
	Budget *float64 `json:"budget_touched,omitempty"`
	Reason string   `json:"reason"`
	Zone   string   `json:"time_zone"`
	Weekly Rule     `json:"recurrence"`
	hours  []int
}

// Rule is an entry of a change window's recurrence.
type Rule struct {
	Start string `json:"start"`
	End   string `json:"end"`
	RRule string `json:"rrule"`
}

// Advise folds the series into a week and answers. The error is a *SeriesError for
// a series that is too short or has nothing, and field.Errors for options.
func Advise(s Series, o Options) (Advice, error) {
	if errs := o.Validate(); len(errs) > 0 {
		return Advice{}, errs
	}
	loc, err := time.LoadLocation(o.Zone)
	if err != nil {
		return Advice{}, field.Errors{{Path: "time_zone", Msg: fmt.Sprintf("the time zone %q cannot be loaded: %v", o.Zone, err)}}
	}
	if err := s.long(loc); err != nil {
		return Advice{}, err
	}
	w := fold(s, loc)
	mean, known := w.mean()
	if known == 0 {
		return Advice{}, &SeriesError{Msg: "no hour of the week is known as a whole in enough weeks; the series has too many gaps, give one without them"}
	}
	a := Advice{
		Zone: o.Zone, From: s.From().In(loc).Format(time.RFC3339), To: s.To().In(loc).Format(time.RFC3339),
		Weeks: s.weeks(loc), Mean: round(mean), Unknown: hoursOfWeek - known, Quiet: []Quiet{}, Windows: []Window{},
	}
	x := &examined{series: s, options: o, week: w, mean: mean, advice: &a}
	x.quietHours()
	x.windows()
	x.release()
	x.words()
	a.Picture = x.picture()
	return a, nil
}

// examined is the work of one Advise.
type examined struct {
	series  Series
	options Options
	week    *week
	mean    float64
	advice  *Advice
	quiet   [hoursOfWeek]bool
	within  [hoursOfWeek]bool
}

func (x *examined) quietHours() {
	x.within = x.options.allowed()
	limit := x.mean * x.options.quietShare()
	for i, h := range x.week {
		x.quiet[i] = h.Known && x.mean > 0 && h.Requests <= limit
	}
	for _, run := range runs(func(i int) bool { return x.quiet[i] }) {
		mean := x.meanOf(span(run))
		x.advice.Quiet = append(x.advice.Quiet, Quiet{
			Day: dayName(x.week[run[0]].Day), From: clock(run[0] % 24), To: clock((run[1]-1)%24 + 1), Requests: round(mean), Share: round(mean / x.mean),
		})
	}
}

func (x *examined) windows() {
	var free [hoursOfWeek]bool
	for i := range free {
		free[i] = x.quiet[i] && x.within[i]
	}
	for _, r := range rectangles(x.week, free, x.options.length(), x.options.maxWindows()) {
		x.advice.Windows = append(x.advice.Windows, x.window(r))
	}
	x.advice.Found = len(x.advice.Windows) > 0
}

// window turns a rectangle into what can be declared.
func (x *examined) window(r rectangle) Window {
	mean := x.meanOf(r.slots())
	out := Window{
		From: clock(r.start), To: clock((r.start+r.length-1)%24 + 1), Duration: fmt.Sprintf("%dh", r.length),
		Requests: round(mean), Share: round(mean / x.mean), Zone: x.options.Zone, hours: r.slots(),
	}
	var codes []string
	for _, d := range r.days {
		out.Days = append(out.Days, dayName(d))
		codes = append(codes, strings.ToUpper(d.String()[:2]))
	}
	// A start that is the same in every plan, whatever the series: a week in the past
	// that began with a Monday. The end stands on the wall clock, like the quiet hours:
	// a duration would end an hour off on the days on which clocks change.
	first := time.Date(2024, 1, 1+slot(r.days[0], 0)/24, r.start, 0, 0, 0, time.UTC)
	const local = "2006-01-02T15:04"
	out.Weekly = Rule{
		Start: first.Format(local), End: first.Add(time.Duration(r.length) * time.Hour).Format(local),
		RRule: "FREQ=WEEKLY;BYDAY=" + strings.Join(codes, ","),
	}
	x.touch(&out, r)
	out.Reason = x.windowReason(out)
	return out
}

// touch says what a release inside the window meets.
func (x *examined) touch(out *Window, r rectangle) {
	takes := x.options.Release.Takes()
	if takes == 0 {
		return
	}
	last := r.length - int((takes+time.Hour-1)/time.Hour)
	for _, d := range r.days {
		for k := 0; k <= last; k++ {
			start := (slot(d, r.start) + k) % hoursOfWeek
			n, known := x.options.Release.touched(x.week, start)
			if !known {
				continue
			}
			n = round(n)
			if out.Best == nil || n < *out.Best {
				out.Best, out.BestAt = &n, fmt.Sprintf("%s %s", dayName(x.week[start].Day), clock(x.week[start].Hour))
			}
			if out.Worst == nil || n > *out.Worst {
				out.Worst = &n
			}
		}
	}
	out.Budget = x.budget(out.Worst)
}

// budget is which share of the error budget so many failures spend; nil without an
// objective.
func (x *examined) budget(requests *float64) *float64 {
	all := x.options.Ceiling * x.mean * BudgetPeriod.Hours()
	if requests == nil || all <= 0 {
		return nil
	}
	share := round(*requests / all)
	return &share
}

// release says what a release touches at any time.
func (x *examined) release() {
	e := x.options.Release
	if e.Takes() == 0 {
		return
	}
	mean := round(e.atRate(x.mean))
	t := &Touched{Takes: field.FormatDuration(e.Takes()), AtMean: mean}
	for i := range hoursOfWeek {
		if n, known := e.touched(x.week, i); known && (t.AtBusiest == nil || round(n) > *t.AtBusiest) {
			n = round(n)
			t.AtBusiest = &n
		}
	}
	t.BudgetMean, t.BudgetWorst = x.budget(&mean), x.budget(t.AtBusiest)
	x.advice.Release = t
}

func (x *examined) meanOf(hours []int) float64 {
	sum := 0.0
	for _, i := range hours {
		sum += x.week[i].Requests
	}
	return sum / float64(len(hours))
}

func span(run [2]int) []int {
	var out []int
	for i := run[0]; i < run[1]; i++ {
		out = append(out, i)
	}
	return out
}

func dayName(d time.Weekday) string { return strings.ToLower(d.String()) }

func clock(hour int) string { return fmt.Sprintf("%02d:00", hour) }

// round keeps four figures, which is more than a forecast of traffic is worth, so
// that plans do not differ by noise.
func round(v float64) float64 {
	if v == 0 || math.IsInf(v, 0) || math.IsNaN(v) {
		return v
	}
	scale := math.Pow(10, 3-math.Floor(math.Log10(math.Abs(v))))
	return math.Round(v*scale) / scale
}
