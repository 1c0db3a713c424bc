package calendar

import (
	"fmt"
	"strings"
	"time"
)

// Day is what one day of a zone's calendar holds.
type Day struct {
	// Start is the day's first moment, End that of the next; equal where the zone
	// left the day out.
	Start, End time.Time
	// Open holds when changes may go forward, cut to the day, in its zone.
	Open []Period
}

// Mark is '.' for a day that is open throughout, '#' for one that is closed
// throughout, '+' for one that is both, and '-' for one that the zone left out.
func (d Day) Mark() rune {
	var open time.Duration
	for _, p := range d.Open {
		open += p.End.Sub(p.Start)
	}
	switch length := d.End.Sub(d.Start); {
	case length <= 0:
		return '-'
	case open == 0:
		return '#'
	case open == length:
		return '.'
	}
	return '+'
}

// Days returns the days of a month for the subject, in the named zone.
func (cal *Calendar) Days(subject Subject, year int, month time.Month, zoneName string) ([]Day, error) {
	z, err := loadZone(zoneName)
	if err != nil {
		return nil, err
	}
	if year < minYear || year > maxYear || month < time.January || month > time.December {
		return nil, fmt.Errorf("%04d-%02d is no month that can be shown; allowed are the years 1970 to 2199, for example 2026-12: %w", year, int(month), ErrInstant)
	}
	first := time.Date(year, month, 1, 0, 0, 0, 0, time.UTC)
	days := make([]Day, first.AddDate(0, 1, -1).Day())
	s, budget := cal.selectFor(subject), searchBudget
	number := first.Unix() / day
	for i := range days {
		from, to := z.startOfDay(number+int64(i)), z.startOfDay(number+int64(i)+1)
		open, err := s.open(from, to, &budget)
		if err != nil {
			return nil, err
		}
		days[i] = Day{Start: z.time(from), End: z.time(to)}
		for _, v := range open {
			if v.end > v.start {
				days[i].Open = append(days[i].Open, Period{z.time(v.start), z.time(v.end)})
			}
		}
	}
	return days, nil
}

// Month renders a month as plain text of at most 80 columns: a grid of weeks that
// start on Monday, and under it, for each partly open day, when it is open. The
// windows are those in scope of the subject.
//
//	December 2026, Europe/Berlin
//
//	 Mo   Tu   We   Th   Fr   Sa   Su
//	       1+   2+   3+   4+   5#   6#
//
//	. open   # closed   + partly open
//
//	 1 to 4   09:00-17:00
func (cal *Calendar) Month(subject Subject, year int, month time.Month, zoneName string) (string, error) {
	days, err := cal.Days(subject, year, month, zoneName)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %d, %s\n\n", month, year, zoneName)
	b.WriteString(" Mo   Tu   We   Th   Fr   Sa   Su\n")
	column := (int(time.Date(year, month, 1, 0, 0, 0, 0, time.UTC).Weekday()) + 6) % 7
	row := strings.Repeat("     ", column)
	for i, d := range days {
		row += fmt.Sprintf(" %2d%c ", i+1, d.Mark())
		if column++; column == 7 || i == len(days)-1 {
			b.WriteString(strings.TrimRight(row, " ") + "\n")
			row, column = "", 0
		}
	}
	b.WriteString("\n . open   # closed   + partly open\n")
	hours(&b, days)
	return b.String(), nil
}

// hours lists when partly open days are open; days in a row with the same hours
// share a line.
func hours(b *strings.Builder, days []Day) {
	head := "\n"
	for i := 0; i < len(days); {
		text := clockText(days[i])
		last := i
		for last+1 < len(days) && clockText(days[last+1]) == text {
			last++
		}
		if text != "" {
			label := fmt.Sprintf("%2d", i+1)
			if last > i {
				label += fmt.Sprintf(" to %d", last+1)
			}
			b.WriteString(head)
			fmt.Fprintf(b, " %-8s %s\n", label, text)
			head = ""
		}
		i = last + 1
	}
}

// clockText gives the hours of a partly open day, at most four stretches of them.
func clockText(d Day) string {
	if d.Mark() != '+' {
		return ""
	}
	const most = 4
	var parts []string
	for _, p := range d.Open[:min(most, len(d.Open))] {
		end := p.End.Format("15:04")
		if p.End.Equal(d.End) {
			end = "24:00"
		}
		parts = append(parts, p.Start.Format("15:04")+"-"+end)
	}
	text := strings.Join(parts, " ")
	if more := len(d.Open) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
