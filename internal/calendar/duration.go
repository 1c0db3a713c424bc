package calendar

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// maxLength bounds one occurrence of a recurrence, in seconds: a leap year.
const maxLength = 366 * day

// length is how long an occurrence is: first along the wall clock, then exactly.
type length struct{ wall, exact int64 }

const lengthHelp = `; allowed are RFC 5545 durations and those of Go, of one second to 366 days: "P1D" and "P2W" follow the wall clock, ` +
	`"PT24H", "8h" and "90m" are exact`

// isoDuration is the grammar of RFC 5545, 3.3.6, without a sign.
var isoDuration = regexp.MustCompile(`^P(?:(\d{1,6})W|(?:(\d{1,6})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,9})S)?)?)$`)

// parseLength reads a duration. Weeks and days are nominal: a day from 09:00 ends
// at 09:00, whatever the clocks do (RFC 5545, 3.3.6). Hours, minutes and seconds
// are exact.
func parseLength(s string) (length, error) {
	var l length
	if parts := isoDuration.FindStringSubmatch(s); parts != nil && s != "P" && s[len(s)-1] != 'T' {
		unit := func(i int) int64 {
			n, _ := strconv.ParseInt(parts[i], 10, 64) // The grammar gave digits, or nothing.
			return n
		}
		l = length{unit(1)*7*day + unit(2)*day, unit(3)*3600 + unit(4)*60 + unit(5)}
	} else {
		d, err := time.ParseDuration(s)
		if err != nil || d%time.Second != 0 {
			return length{}, errors.New(quote(s) + " is no duration" + lengthHelp)
		}
		l.exact = int64(d / time.Second)
	}
	if l.wall+l.exact < 1 || l.wall+l.exact > maxLength {
		return length{}, fmt.Errorf("%s is too short or too long%s", quote(s), lengthHelp)
	}
	return l, nil
}
