package advice

import (
	"fmt"
	"strings"
)

// shades are eight degrees of traffic, from the least on.
const shades = ".:-=+*#@"

// picture is the week in characters, within 80 columns: a row for each day, and a
// sign and the letter of its window for each hour.
func (x *examined) picture() string {
	const margin = "      "
	most := 0.0
	for _, h := range x.week {
		most = max(most, h.Requests)
	}
	letters := map[int]byte{}
	for n, w := range x.advice.Windows {
		for _, i := range w.hours {
			letters[i] = byte('a' + n) //nolint:gosec // At most MostWindows.
		}
	}
	var b strings.Builder
	b.WriteString(margin)
	for hour := range 24 {
		fmt.Fprintf(&b, "%02d ", hour)
	}
	trim(&b)
	for i, h := range x.week {
		if i%24 == 0 {
			fmt.Fprintf(&b, " %s  ", h.Day.String()[:3])
		}
		b.WriteByte(shade(h, most))
		letter, suggested := letters[i]
		if !suggested {
			letter = ' '
		}
		b.WriteByte(letter)
		if b.WriteByte(' '); i%24 == 23 {
			trim(&b)
		}
	}
	fmt.Fprintf(&b, "%s%s are eighths of the busiest hour, which has %s requests\n", margin, strings.Join(strings.Split(shades, ""), " "), number(most))
	fmt.Fprintf(&b, "%s_ is no request, ? is not known", margin)
	if len(x.advice.Windows) > 0 {
		b.WriteString(", the letters are the windows")
	}
	b.WriteByte('\n')
	return b.String()
}

// shade is the sign of one hour.
func shade(h Hour, most float64) byte {
	switch {
	case !h.Known:
		return '?'
	case h.Requests == 0:
		return '_'
	}
	return shades[min(int(h.Requests/most*float64(len(shades))), len(shades)-1)]
}

// trim ends a line without spaces.
func trim(b *strings.Builder) {
	line := strings.TrimRight(b.String(), " ")
	b.Reset()
	b.WriteString(line + "\n")
}
