package recur

import (
	"fmt"
	"math/rand"
	"slices"
	"strings"
	"time"
)

// spec is a rule in pieces, which the brute expander and the parser both get.
type spec struct {
	freq                                         string
	interval, wkst                               int
	months, monthDays, yearDays, weekNos, setpos []int
	weekdays                                     []nthDay // n is 0 without a number.
	hours                                        []int
	start                                        time.Time
}

// text writes the rule.
func (s spec) text() string {
	parts := []string{"FREQ=" + s.freq, fmt.Sprintf("INTERVAL=%d", s.interval), "WKST=" + weekdayNames[s.wkst]}
	add := func(key string, list []int) {
		if len(list) > 0 {
			parts = append(parts, key+"="+strings.Trim(strings.ReplaceAll(fmt.Sprint(list), " ", ","), "[]"))
		}
	}
	add("BYMONTH", s.months)
	add("BYMONTHDAY", s.monthDays)
	add("BYYEARDAY", s.yearDays)
	add("BYWEEKNO", s.weekNos)
	add("BYHOUR", s.hours)
	add("BYSETPOS", s.setpos)
	if len(s.weekdays) > 0 {
		var days []string
		for _, d := range s.weekdays {
			if d.n != 0 {
				days = append(days, fmt.Sprint(d.n)+weekdayNames[d.weekday])
			} else {
				days = append(days, weekdayNames[d.weekday])
			}
		}
		parts = append(parts, "BYDAY="+strings.Join(days, ","))
	}
	return strings.Join(parts, ";")
}

// brute expands the rule period by period as RFC 5545's table says, on dates of
// the time package: what expands makes days, what limits takes some away.
func (s spec) brute(limit time.Time) []int64 {
	var out []int64
	for i := 0; ; i++ {
		first, days := s.period(i * s.interval)
		if first.After(limit) {
			return out
		}
		var instants []int64
		for _, d := range days {
			hours := s.hours
			if len(hours) == 0 {
				hours = []int{s.start.Hour()}
			}
			for _, h := range hours {
				instants = append(instants, time.Date(d.Year(), d.Month(), d.Day(), h, s.start.Minute(), 0, 0, time.UTC).Unix())
			}
		}
		slices.Sort(instants)
		instants = slices.Compact(instants)
		chosen := instants
		if len(s.setpos) > 0 {
			chosen = nil
			for at, v := range instants {
				if slices.Contains(s.setpos, at+1) || slices.Contains(s.setpos, at-len(instants)) {
					chosen = append(chosen, v)
				}
			}
		}
		for _, v := range chosen {
			if v >= s.start.Unix() && v < limit.Unix() {
				out = append(out, v)
			}
		}
	}
}

// period returns the days of the period that lies n units after the start's.
func (s spec) period(n int) (time.Time, []time.Time) {
	y, m, d := s.start.Date()
	date := func(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }
	switch s.freq {
	case "DAILY":
		day := date(y, m, d+n)
		return day, s.limit([]time.Time{day}, time.Time{}, time.Time{})
	case "WEEKLY":
		first := s.weekOf(date(y, m, d)).AddDate(0, 0, 7*n)
		return first, s.limit(daysOf(first, first.AddDate(0, 0, 7)), first, first.AddDate(0, 0, 7))
	case "MONTHLY":
		first := date(y, m+time.Month(n), 1)
		days := daysOf(first, first.AddDate(0, 1, 0))
		return first, s.limit(days, first, first.AddDate(0, 1, 0))
	}
	first, next := date(y+n, 1, 1), date(y+n+1, 1, 1)
	if len(s.weekNos) == 0 {
		return first, s.limit(daysOf(first, next), first, next)
	}
	year := y
	if !s.weekOne(y + 1).After(date(y, m, d)) {
		year++
	}
	if s.weekOne(y).After(date(y, m, d)) {
		year--
	}
	first, next = s.weekOne(year+n), s.weekOne(year+n+1)
	weeks := int(next.Sub(first).Hours() / 24 / 7)
	var days []time.Time
	for _, no := range s.weekNos {
		if no < 0 {
			no += weeks + 1
		}
		if no >= 1 && no <= weeks {
			days = append(days, daysOf(first.AddDate(0, 0, 7*no-7), first.AddDate(0, 0, 7*no))...)
		}
	}
	return first, s.limit(days, first, next)
}

// weekOf returns the first day of a day's week; weekOne that of the week with January 4.
func (s spec) weekOf(day time.Time) time.Time {
	for int(day.Weekday()) != s.wkst {
		day = day.AddDate(0, 0, -1)
	}
	return day
}

func (s spec) weekOne(year int) time.Time {
	return s.weekOf(time.Date(year, 1, 4, 0, 0, 0, 0, time.UTC))
}

func daysOf(from, to time.Time) []time.Time {
	var out []time.Time
	for ; from.Before(to); from = from.AddDate(0, 0, 1) {
		out = append(out, from)
	}
	return out
}

// limit keeps the days that all parts hold.
func (s spec) limit(days []time.Time, first, next time.Time) []time.Time {
	months, monthDays, weekdays := s.months, s.monthDays, s.weekdays
	noDays := len(weekdays) == 0 && len(monthDays) == 0 && len(s.yearDays) == 0
	switch {
	case s.freq == "WEEKLY" && len(weekdays) == 0, s.freq == "YEARLY" && len(s.weekNos) > 0 && noDays:
		weekdays = []nthDay{{weekday: int(s.start.Weekday())}}
	case (s.freq == "MONTHLY" || s.freq == "YEARLY") && noDays:
		monthDays = []int{s.start.Day()}
	}
	if s.freq == "YEARLY" && len(monthDays) > 0 && len(months)+len(s.yearDays)+len(s.weekNos) == 0 {
		months = []int{int(s.start.Month())}
	}
	return slices.DeleteFunc(days, func(d time.Time) bool {
		length := time.Date(d.Year(), d.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day()
		yearLength := time.Date(d.Year(), 12, 31, 0, 0, 0, 0, time.UTC).YearDay()
		either := func(list []int, n, length int) bool {
			return len(list) == 0 || slices.Contains(list, n) || slices.Contains(list, n-length-1)
		}
		if len(months) > 0 && !slices.Contains(months, int(d.Month())) || !either(monthDays, d.Day(), length) || !either(s.yearDays, d.YearDay(), yearLength) {
			return true
		}
		if s.freq == "YEARLY" && len(s.months) > 0 {
			first = time.Date(d.Year(), d.Month(), 1, 0, 0, 0, 0, time.UTC)
			next = first.AddDate(0, 1, 0)
		}
		return len(weekdays) > 0 && !slices.ContainsFunc(weekdays, func(w nthDay) bool { return isNth(w, d, first, next) })
	})
}

// isNth counts the weekday from one end of the period.
func isNth(w nthDay, d, first, next time.Time) bool {
	if int(d.Weekday()) != w.weekday {
		return false
	}
	count := 0
	switch {
	case w.n == 0:
		return true
	case w.n > 0:
		for day := first; !day.After(d); day = day.AddDate(0, 0, 1) {
			if day.Weekday() == d.Weekday() {
				count++
			}
		}
		return count == w.n
	}
	for day := next.AddDate(0, 0, -1); !day.Before(d); day = day.AddDate(0, 0, -1) {
		if day.Weekday() == d.Weekday() {
			count--
		}
	}
	return count == w.n
}

// some draws up to n different numbers of ±1 to ±most.
func some(random *rand.Rand, n, most int, negative bool) []int {
	var out []int
	for range 1 + random.Intn(n) {
		v := 1 + random.Intn(most)
		if negative && random.Intn(3) == 0 {
			v = -v
		}
		if !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}

// randomSpec draws a rule that the parser takes.
func randomSpec(random *rand.Rand) spec {
	s := spec{
		freq: []string{"DAILY", "WEEKLY", "MONTHLY", "YEARLY"}[random.Intn(4)], interval: 1 + random.Intn(4)*random.Intn(2), wkst: random.Intn(7),
		start: time.Date(2019+random.Intn(6), time.Month(1+random.Intn(12)), 1+random.Intn(31), random.Intn(24), 30, 0, 0, time.UTC),
	}
	maybe := func(odds int) bool { return random.Intn(odds) == 0 }
	if maybe(3) {
		s.months = some(random, 4, 12, false)
	}
	if s.freq != "WEEKLY" && maybe(3) {
		s.monthDays = some(random, 6, 31, true)
	}
	if s.freq == "YEARLY" && maybe(4) {
		s.yearDays = some(random, 40, 366, true)
	}
	if s.freq == "YEARLY" && maybe(4) {
		s.weekNos = some(random, 4, 53, true)
	}
	if maybe(2) {
		for _, day := range some(random, 4, 7, false) {
			w := nthDay{weekday: day - 1}
			if (s.freq == "MONTHLY" || s.freq == "YEARLY") && len(s.weekNos) == 0 && maybe(2) {
				w.n = some(random, 1, 5, true)[0]
			}
			s.weekdays = append(s.weekdays, w)
		}
	}
	if maybe(4) {
		s.hours = []int{3, 4, 15, 22}[:1+random.Intn(4)]
	}
	if maybe(4) && len(s.months)+len(s.monthDays)+len(s.yearDays)+len(s.weekNos)+len(s.weekdays)+len(s.hours) > 0 {
		s.setpos = some(random, 3, 5, true)
	}
	return s
}
