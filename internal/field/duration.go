package field

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Duration is a time.Duration that is written as text in JSON: "1m30s".
type Duration time.Duration

// Std gives the standard library's type.
func (d Duration) Std() time.Duration { return time.Duration(d) }

// String writes the duration without needless zero units: "5m", not "5m0s".
func (d Duration) String() string { return FormatDuration(time.Duration(d)) }

// MarshalText implements encoding.TextMarshaler.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("%q is not a duration such as \"5m\"", text)
	}
	*d = Duration(parsed)
	return nil
}

var zeroUnits = regexp.MustCompile(`([a-z])(0m)?0s$`)

// FormatDuration writes a duration without needless zero units: "5m", "1h", "90s"
// is "1m30s".
func FormatDuration(d time.Duration) string {
	s := d.String()
	if d == 0 || s == "0s" {
		return "0s"
	}
	if d%time.Hour == 0 && d >= time.Hour {
		return zeroUnits.ReplaceAllString(s, "$1")
	}
	if d%time.Minute == 0 && d >= time.Minute {
		return s[:len(s)-len("0s")]
	}
	return s
}

// ParseDuration reads an author's duration. It returns the value and, when it is
// not acceptable, what is wrong, what is allowed and an example. Negative ones
// never are; zero is only where zeroOK says so.
func ParseDuration(text string, zeroOK bool) (time.Duration, string) {
	allowed := "; a duration is a positive number with a unit (ms, s, m, h), for example \"5m\" or \"1h30m\""
	if zeroOK {
		allowed = "; a duration is a number with a unit (ms, s, m, h), 0s for none, for example \"5m\" or \"1h30m\""
	}
	d, err := time.ParseDuration(text)
	switch {
	case text == "":
		return 0, "the duration is empty" + allowed
	case err != nil && unitless.MatchString(text):
		return 0, fmt.Sprintf("%q has no unit%s", text, allowed)
	case err != nil && inDays.MatchString(text):
		return 0, fmt.Sprintf("%q is not a duration; write days as hours, here %q%s", text, hoursOf(text), allowed)
	case err != nil:
		return 0, fmt.Sprintf("%q is not a duration%s", text, allowed)
	case d < 0:
		return 0, fmt.Sprintf("%q is negative%s", text, allowed)
	case d == 0 && !zeroOK:
		return 0, fmt.Sprintf("%q is zero%s", text, allowed)
	}
	return d, ""
}

// hoursOf writes a number of days, "3d", in hours.
func hoursOf(days string) string {
	n, err := strconv.Atoi(strings.TrimSuffix(days, "d"))
	if err != nil || n < 1 || n > 36500 {
		return "24h"
	}
	return strconv.Itoa(24*n) + "h"
}

var inDays = regexp.MustCompile(`^[0-9]+d$`)

var unitless = regexp.MustCompile(`^[+-]?[0-9.]+$`)
