package timeline

import (
	"bytes"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	// width is that of the bars, and maxLabel of the names before them: together with
	// the margins 80 columns.
	width    = 58
	maxLabel = 18

	moving  = '='
	closing = '#'
	soaking = '~'
)

// picture draws a row for each environment, within 80 columns.
func (v Verdict) picture(loc *time.Location) string {
	t := v.Timeline
	if len(t.Passages) == 0 {
		return ""
	}
	label := 0
	for _, p := range t.Passages {
		label = max(label, min(utf8.RuneCountInString(p.Environment), maxLabel))
	}
	const layout = "Mon 2006-01-02 15:04"
	first, last := t.From.In(loc).Format(layout), upTo(time.Minute, t.Finish()).In(loc).Format(layout)
	var b strings.Builder
	fmt.Fprintf(&b, "%*s%s%*s\n", label+2, "", first, width-len(first), last)
	for i, p := range t.Passages {
		row := bytes.Repeat([]byte{' '}, width)
		// What is short is drawn last, so that it keeps its column.
		if i < len(t.Passages)-1 {
			draw(row, t, p.Finish, p.Finish.Add(p.Soak), soaking)
		}
		draw(row, t, p.Start, p.Finish, moving)
		for _, w := range p.Waits {
			draw(row, t, w.From, w.Until, closing)
		}
		// A first step that is shorter than a column would vanish behind what follows it.
		if p.Finish.After(p.Start) {
			draw(row, t, p.Start, p.Start.Add(time.Nanosecond), moving)
		}
		fmt.Fprintf(&b, " %s%s %s\n", cut(p.Environment), strings.Repeat(" ", label-utf8.RuneCountInString(cut(p.Environment))), strings.TrimRight(string(row), " "))
	}
	fmt.Fprintf(&b, "%*s%c goes on  %c a window is closed  %c soak   (%s)\n", label+2, "", moving, closing, soaking, loc)
	return b.String()
}

// upTo is the end of the unit that an instant is in, so that nothing is over before it
// is.
func upTo(unit time.Duration, at time.Time) time.Time {
	if cut := at.Truncate(unit); !cut.Equal(at) {
		return cut.Add(unit)
	}
	return at
}

// draw fills the columns of a stretch; one that takes any time has one at least.
func draw(row []byte, t Timeline, from, to time.Time, sign byte) {
	whole := t.Finish().Sub(t.From)
	if !to.After(from) || whole <= 0 {
		return
	}
	column := func(at time.Time) int { return int(float64(at.Sub(t.From)) / float64(whole) * width) }
	first := min(column(from), width-1)
	for i := first; i < max(min(column(to), width), first+1); i++ {
		row[i] = sign
	}
}

func cut(name string) string {
	if runes := []rune(name); len(runes) > maxLabel {
		return string(runes[:maxLabel-1]) + "~"
	}
	return name
}
