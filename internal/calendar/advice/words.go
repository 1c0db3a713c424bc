package advice

import (
	"fmt"
	"strconv"
	"strings"
)

// words says why the advice is what it is.
func (x *examined) words() {
	a := x.advice
	add := func(format string, args ...any) { a.Reasons = append(a.Reasons, fmt.Sprintf(format, args...)) }
	add("%s of traffic, %s to %s: %s requests an hour on average, by the median of each hour of the week", weeksOf(a.Weeks), a.From[:10], a.To[:10], number(x.mean))
	if a.Weeks < 3 {
		add("with %s a holiday would look like any other week; 4 weeks are better", weeksOf(a.Weeks))
	}
	if a.Unknown > 0 {
		add("of the 168 hours of the week, %d cannot be told in at least half of the weeks; what is not known is not taken for quiet", a.Unknown)
	}
	x.spent(add)
	switch {
	case x.mean == 0:
		add("there was not a single request in any hour, so nothing says when users come; see that the series is of this service")
	case len(a.Quiet) == 0:
		add("no hour is quiet, which is at most %s of the average: %s; the traffic is too even for a window to spare anybody, or give a greater quiet_share", percent(x.options.quietShare()), x.least(false))
	case !a.Found:
		x.whyNone(add)
	default:
		x.comparison(add)
	}
}

// spent is about the errors that come anyway.
func (x *examined) spent(add func(string, ...any)) {
	if !x.series.Errors || x.options.Ceiling <= 0 || x.mean == 0 {
		return
	}
	errors, requests := 0.0, 0.0
	for _, h := range x.week {
		if h.Known {
			errors += h.ErrorShare * h.Requests
			requests += h.Requests
		}
	}
	spent := round(errors / requests / x.options.Ceiling)
	x.advice.Spent = &spent
	add("%s of the requests fail anyway, which spends %s of the error budget of %s", percent(errors/requests), percent(spent), percent(x.options.Ceiling))
}

// whyNone says why there are quiet hours and no window.
func (x *examined) whyNone(add func(string, ...any)) {
	need := x.options.length()
	inside := 0
	for i := range x.quiet {
		if x.quiet[i] && x.within[i] {
			inside++
		}
	}
	if inside == 0 {
		add("no hour inside of within is quiet, which is at most %s of the average: %s; give a greater quiet_share, or other times", percent(x.options.quietShare()), x.least(true))
		return
	}
	add("%d hours inside of within are quiet, and nowhere %d in a row, which a window needs; give a greater quiet_share, a smaller min_length or a shorter release", inside, need)
}

// least names the least busy hour.
func (x *examined) least(inside bool) string {
	best := -1
	for i, h := range x.week {
		if h.Known && (!inside || x.within[i]) && (best < 0 || h.Requests < x.week[best].Requests) {
			best = i
		}
	}
	if best < 0 {
		return "none of them is known"
	}
	h := x.week[best]
	return fmt.Sprintf("the least busy, %s %s, has %s", h.Day, clock(h.Hour), percent(h.Requests/x.mean))
}

// comparison says what the windows spare.
func (x *examined) comparison(add func(string, ...any)) {
	a := x.advice
	hours := 0
	for _, q := range x.quiet {
		if q {
			hours++
		}
	}
	add("%d hours of the week are quiet, which is at most %s of the average", hours, percent(x.options.quietShare()))
	for i, w := range a.Windows {
		add("window %c: %s", 'a'+i, w.Reason)
	}
	t := a.Release
	if t == nil || t.AtBusiest == nil {
		return
	}
	text := fmt.Sprintf("a release of %s that begins at the busiest hour touches %s requests, at an average one %s", t.Takes, number(*t.AtBusiest), number(t.AtMean))
	if t.BudgetWorst != nil {
		text += fmt.Sprintf("; if all of them failed, that would be %s and %s of the error budget of 30 days", percent(*t.BudgetWorst), percent(*t.BudgetMean))
	}
	add("%s", text)
}

// windowReason is the reason of one window in words and numbers.
func (x *examined) windowReason(w Window) string {
	text := fmt.Sprintf("%s %s to %s has %s requests an hour, %s of the average", daysOf(w.Days), w.From, w.To, number(w.Requests), percent(w.Share))
	if w.Worst == nil {
		return text
	}
	text += fmt.Sprintf("; a release touches %s requests when it begins %s, and %s at worst", number(*w.Best), strings.ToUpper(w.BestAt[:1])+w.BestAt[1:], number(*w.Worst))
	if w.Budget != nil {
		text += fmt.Sprintf(", which would be %s of the error budget if all of them failed", percent(*w.Budget))
	}
	return text
}

// daysOf writes days short, and a row of them as a range.
func daysOf(names []string) string {
	short := make([]string, len(names))
	for i, n := range names {
		short[i] = strings.ToUpper(n[:1]) + n[1:3]
	}
	if len(names) > 2 && slot(dayOf(names[len(names)-1]), 0)-slot(dayOf(names[0]), 0) == 24*(len(names)-1) {
		return short[0] + "-" + short[len(short)-1]
	}
	return strings.Join(short, ", ")
}

func weeksOf(n int) string {
	if n == 1 {
		return "1 week"
	}
	return fmt.Sprintf("%d weeks", n)
}

// number writes a count for people, with commas: "1,204".
func number(v float64) string {
	if v < 10 {
		return strconv.FormatFloat(round(v), 'f', -1, 64)
	}
	digits := strconv.FormatFloat(v, 'f', 0, 64)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// percent writes a share with at most three figures.
func percent(share float64) string {
	// Two roundings in text keep exponents out: "1230 %", not "1.23e+03 %".
	short, err := strconv.ParseFloat(strconv.FormatFloat(share*100, 'g', 3, 64), 64)
	if err != nil {
		short = share * 100
	}
	return strconv.FormatFloat(short, 'f', -1, 64) + " %"
}
