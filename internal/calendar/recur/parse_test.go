package recur

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"
)

// wall reads "2006-01-02T15:04" or "2006-01-02".
func wall(t testing.TB, s string) (int64, bool) {
	t.Helper()
	if at, err := time.Parse("2006-01-02", s); err == nil {
		return at.Unix(), true
	}
	at, err := time.Parse("2006-01-02T15:04", s)
	if err != nil {
		t.Fatal(err)
	}
	return at.Unix(), false
}

func TestRefused(t *testing.T) {
	for _, tc := range []struct{ name, rule, start, want string }{
		{"empty", " ", "2026-01-05", "the rule is empty; allowed is"},
		{"a megabyte", "FREQ=DAILY;BYHOUR=" + strings.Repeat("1,", 500_000) + "1", "2026-01-05T09:00", "has 1000019 bytes; at most 2048"},
		{"no frequency", "BYDAY=MO", "2026-01-05", "has no FREQ"},
		{"unknown frequency", "FREQ=FORTNIGHTLY", "2026-01-05", `"FORTNIGHTLY" is no FREQ; allowed are DAILY`},
		{"by the second", "FREQ=SECONDLY;INTERVAL=86400;BYSECOND=1", "2026-01-05T09:00", "FREQ=SECONDLY is refused: a window comes daily at most"},
		{"by the minute", "FREQ=MINUTELY", "2026-01-05T09:00", "FREQ=MINUTELY is refused"},
		{"by the hour", "FREQ=HOURLY", "2026-01-05T09:00", "FREQ=HOURLY is refused"},
		{"RSCALE", "RSCALE=CHINESE;FREQ=YEARLY", "2026-01-05", "RSCALE, of RFC 7529, is refused"},
		{"SKIP", "FREQ=YEARLY;SKIP=FORWARD", "2026-01-05", "SKIP, of RFC 7529, is refused"},
		{"EXRULE", "FREQ=YEARLY;EXRULE=X", "2026-01-05", "EXRULE is refused"},
		{"an EXRULE behind", "FREQ=DAILY\nEXRULE:FREQ=WEEKLY", "2026-01-05", "holds more than one property"},
		{"two rules", "FREQ=DAILY\r\nRRULE:FREQ=WEEKLY", "2026-01-05", "holds more than one property"},
		{"another part", "FREQ=DAILY;X-A=1", "2026-01-05", `"X-A" is no part of a rule; allowed are FREQ`},
		{"no value", "FREQ=DAILY;BYDAY", "2026-01-05", `"BYDAY" is no KEY=VALUE`},
		{"an empty value", "FREQ=DAILY;BYDAY=", "2026-01-05", `"BYDAY=" is no KEY=VALUE`},
		{"twice", "FREQ=DAILY;COUNT=2;COUNT=3", "2026-01-05", "COUNT is given twice"},
		{"COUNT and UNTIL", "FREQ=DAILY;COUNT=2;UNTIL=20270101", "2026-01-05", "COUNT and UNTIL exclude each other"},
		{"COUNT of none", "FREQ=DAILY;COUNT=0", "2026-01-05", `COUNT="0" is not allowed; allowed are whole numbers from 1 to 1000000`},
		{"interval of none", "FREQ=DAILY;INTERVAL=0", "2026-01-05", `INTERVAL="0" is not allowed`},
		{"negative interval", "FREQ=DAILY;INTERVAL=-1", "2026-01-05", `INTERVAL="-1" is not allowed`},
		{"huge interval", "FREQ=DAILY;INTERVAL=99999999999999999999", "2026-01-05", "is not allowed"},
		{"a list of intervals", "FREQ=DAILY;INTERVAL=1,2", "2026-01-05", `INTERVAL="1,2" is a list`},
		{"hour 24", "FREQ=DAILY;BYHOUR=24", "2026-01-05T09:00", `BYHOUR="24" is not allowed; allowed are whole numbers from 0 to 23`},
		{"leap second", "FREQ=DAILY;BYSECOND=60", "2026-01-05T09:00", `BYSECOND="60" is not allowed`},
		{"month 13", "FREQ=YEARLY;BYMONTH=13", "2026-01-05", `BYMONTH="13" is not allowed`},
		{"leap month", "FREQ=YEARLY;BYMONTH=5L", "2026-01-05", `BYMONTH="5L" is not allowed`},
		{"day of month 0", "FREQ=MONTHLY;BYMONTHDAY=0", "2026-01-05", `BYMONTHDAY="0" is not allowed; allowed are whole numbers from 1 to 31 and -31 to -1`},
		{"week 54", "FREQ=YEARLY;BYWEEKNO=54", "2026-01-05", `BYWEEKNO="54" is not allowed`},
		{"no day", "FREQ=WEEKLY;BYDAY=XX", "2026-01-05", `BYDAY="XX" is no day of the week`},
		{"a letter", "FREQ=WEEKLY;BYDAY=M", "2026-01-05", `BYDAY="M" is no day of the week`},
		{"a number with weeks", "FREQ=WEEKLY;BYDAY=1MO", "2026-01-05", `BYDAY="1MO" has a number, which only MONTHLY and YEARLY`},
		{"a number with week numbers", "FREQ=YEARLY;BYWEEKNO=1;BYDAY=1MO", "2026-01-05", "excludes BYWEEKNO"},
		{"sixth Monday", "FREQ=MONTHLY;BYDAY=6MO", "2026-01-05", `BYDAY="6MO" never comes`},
		{"sixth Monday of a month in a year", "FREQ=YEARLY;BYMONTH=1;BYDAY=-6MO", "2026-01-05", "never comes"},
		{"54th Monday", "FREQ=YEARLY;BYDAY=54MO", "2026-01-05", "never comes"},
		{"week start", "FREQ=WEEKLY;WKST=XX", "2026-01-05", `WKST="XX" is no day`},
		{"BYMONTHDAY of weeks", "FREQ=WEEKLY;BYMONTHDAY=1", "2026-01-05", "BYMONTHDAY is not allowed in a WEEKLY rule"},
		{"BYYEARDAY of months", "FREQ=MONTHLY;BYYEARDAY=1", "2026-01-05", "BYYEARDAY is not allowed in a MONTHLY rule"},
		{"BYWEEKNO of days", "FREQ=DAILY;BYWEEKNO=1", "2026-01-05", "BYWEEKNO is not allowed in a DAILY rule"},
		{"BYSETPOS alone", "FREQ=MONTHLY;BYSETPOS=1", "2026-01-05", "BYSETPOS selects among what other parts give"},
		{"a day's end for a time", "FREQ=DAILY;UNTIL=20270101", "2026-01-05T09:00", "allowed is an instant in UTC or a local time"},
		{"a time's end for a day", "FREQ=DAILY;UNTIL=20270101T000000Z", "2026-01-05", "allowed is a day, because the start is one"},
		{"an end that does not exist", "FREQ=DAILY;UNTIL=20270230", "2026-01-05", `UNTIL="20270230" is not allowed`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			start, isDay := wall(t, tc.start)
			_, err := Parse(tc.rule, start, isDay)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("got %v, want %q in it", err, tc.want)
			}
			if !strings.Contains(err.Error(), "example") && !strings.Contains(err.Error(), "exdates") || len(err.Error()) > 400 {
				t.Errorf("%q gives no example, or is too long", err)
			}
		})
	}
}

func TestAccepted(t *testing.T) {
	for _, rule := range []string{"FREQ=WEEKLY;BYDAY=MO;", "rrule:freq=weekly;byday=mo", " COUNT=3;BYDAY=MO,MO;FREQ=WEEKLY ", "FREQ=WEEKLY;BYHOUR=1,2,3;WKST=SU"} {
		start, isDay := wall(t, "2026-01-05")
		r, err := Parse(rule, start, isDay)
		if err != nil || !r.HoldsStart() || r.Times() != 1 {
			t.Errorf("%s: %v", rule, err)
		}
	}
}

func TestHoldsStart(t *testing.T) {
	for _, tc := range []struct {
		rule, start string
		want        bool
	}{
		{"FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", "1997-09-02T09:00", false},
		{"FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", "1998-02-13T09:00", true},
		{"FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "2026-02-28", false},
		{"FREQ=DAILY;BYHOUR=10", "2026-02-28T09:00", false},
		{"FREQ=DAILY;BYHOUR=9,10;BYSETPOS=2", "2026-02-28T09:00", false},
		{"FREQ=DAILY;BYHOUR=9,10;BYSETPOS=2", "2026-02-28T10:00", true},
	} {
		start, isDay := wall(t, tc.start)
		r, err := Parse(tc.rule, start, isDay)
		if err != nil || r.HoldsStart() != tc.want {
			t.Errorf("%s from %s: %v, want %v", tc.rule, tc.start, err, tc.want)
		}
	}
}

// A rule that never comes, or comes too often, stops at its steps.
func TestStepsAreBounded(t *testing.T) {
	for _, tc := range []struct {
		name, rule string
		want       error
	}{
		{"February 30", "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", nil},
		{"never, by weeks", "FREQ=WEEKLY;BYMONTH=2;BYDAY=TU;BYSETPOS=40", nil},
		{"every second", "FREQ=DAILY;BYHOUR=" + list(24) + ";BYMINUTE=" + list(60) + ";BYSECOND=" + list(60), ErrSteps},
		{"a far position of every second", "FREQ=DAILY;BYHOUR=" + list(24) + ";BYMINUTE=" + list(60) + ";BYSECOND=" + list(60) + ";BYSETPOS=366", ErrSteps},
	} {
		t.Run(tc.name, func(t *testing.T) {
			start, _ := wall(t, "1970-01-01T00:00")
			r, err := Parse(tc.rule, start, false)
			if err != nil {
				t.Fatal(err)
			}
			steps := 100_000
			err = r.Walk(start, MaxWall, &steps, func(int64) bool { return true })
			if !errors.Is(err, tc.want) || (tc.want == nil) != (steps >= 0) {
				t.Errorf("%v with %d steps left", err, steps)
			}
		})
	}
}

// list is "0,1,2..." of n numbers.
func list(n int) string {
	var parts []string
	for i := range n {
		parts = append(parts, strconv.Itoa(i))
	}
	return strings.Join(parts, ",")
}
