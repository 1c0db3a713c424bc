package recur

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// MaxLength is the largest length of a rule, in bytes.
const MaxLength = 2048

// maxInterval bounds INTERVAL: more than any ten years of days.
const maxInterval = 10_000

const example = `, for example "FREQ=WEEKLY;BYDAY=MO,WE"`

// Parse reads a rule that starts at a wall time, or on a day when isDay is true.
// It refuses what RFC 5545 refuses or leaves undefined, and what a window cannot
// have: frequencies below a day, extensions, leap seconds. A rule that does not
// hold its start is read; ask HoldsStart.
//
// What the rule leaves out comes from the start. Two readings that RFC 5545 leaves
// open are those of libical: YEARLY with BYMONTHDAY and without BYMONTH is the
// start's month, YEARLY with BYWEEKNO and without BYDAY the start's day of the week.
// With BYWEEKNO, years are those that weeks belong to.
func Parse(text string, start int64, isDay bool) (*Rule, error) {
	if len(text) > MaxLength {
		return nil, fmt.Errorf("the rule has %d bytes; at most %d are allowed%s", len(text), MaxLength, example)
	}
	values, err := split(text)
	if err != nil {
		return nil, err
	}
	r := &Rule{freq: -1, interval: 1, start: start, isDay: isDay, wkst: int(time.Monday)}
	p := parser{rule: r, values: values}
	p.freq()
	if p.err == nil {
		p.parts()
	}
	if p.err == nil {
		p.combinations()
	}
	if p.err != nil {
		return nil, p.err
	}
	p.imply()
	r.anchor = r.number(floor(start, Day))
	return r, nil
}

// split reads KEY=VALUE;KEY=VALUE. One semicolon at the end is seen in the wild.
func split(text string) (map[string]string, error) {
	text = strings.ToUpper(strings.TrimSpace(text))
	text = strings.TrimPrefix(text, "RRULE:")
	text = strings.TrimSuffix(text, ";")
	if text == "" {
		return nil, errors.New("the rule is empty; allowed is a rule of RFC 5545" + example)
	}
	values := map[string]string{}
	for part := range strings.SplitSeq(text, ";") {
		key, value, ok := strings.Cut(part, "=")
		switch {
		case strings.ContainsAny(part, "\r\n") || strings.Contains(part, ":"):
			return nil, fmt.Errorf("%s holds more than one property; give one RRULE alone, and dates in lists of their own%s", quote(text), example)
		case !ok || value == "":
			return nil, fmt.Errorf("%s is no KEY=VALUE; allowed are parts such as BYDAY=MO%s", quote(part), example)
		case !slices.Contains(keys, key):
			return nil, unknownKey(key)
		case values[key] != "":
			return nil, fmt.Errorf("%s is given twice, and readers differ on which one counts; give it once%s", key, example)
		}
		values[key] = value
	}
	return values, nil
}

var keys = []string{"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYSECOND", "BYMINUTE", "BYHOUR",
	"BYDAY", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYMONTH", "BYSETPOS"}

func unknownKey(key string) error {
	switch key {
	case "RSCALE", "SKIP":
		return fmt.Errorf("%s, of RFC 7529, is refused: windows keep to the Gregorian calendar; leave it out%s", key, example)
	case "EXRULE":
		return errors.New("EXRULE is refused, as RFC 5545 deprecates it and most readers ignore it; list the dates in exdates")
	}
	return fmt.Errorf("%s is no part of a rule; allowed are %s%s", quote(key), strings.Join(keys, ", "), example)
}

// parser reads the parts; the first error stays.
type parser struct {
	rule   *Rule
	values map[string]string
	err    error
}

func (p *parser) fail(format string, args ...any) {
	if p.err == nil {
		p.err = fmt.Errorf(format, args...)
	}
}

func (p *parser) has(key string) bool { return p.values[key] != "" }

func (p *parser) freq() {
	switch value := p.values["FREQ"]; value {
	case "DAILY", "WEEKLY", "MONTHLY", "YEARLY":
		p.rule.freq = Freq(slices.Index([]string{"DAILY", "WEEKLY", "MONTHLY", "YEARLY"}, value))
	case "SECONDLY", "MINUTELY", "HOURLY":
		p.fail("FREQ=%s is refused: a window comes daily at most, and shorter rules take unbounded time to read; "+
			"allowed are DAILY, WEEKLY, MONTHLY and YEARLY, with hours in BYHOUR, for example \"FREQ=DAILY;BYHOUR=9,13\"", value)
	case "":
		p.fail("the rule has no FREQ; allowed are DAILY, WEEKLY, MONTHLY and YEARLY%s", example)
	default:
		p.fail("%s is no FREQ; allowed are DAILY, WEEKLY, MONTHLY and YEARLY%s", quote(value), example)
	}
}

func (p *parser) parts() {
	r := p.rule
	if list := p.numbers("INTERVAL", 1, maxInterval, false); len(list) > 0 {
		r.interval = int64(p.single("INTERVAL", list))
	}
	if list := p.numbers("COUNT", 1, 1_000_000, false); len(list) > 0 {
		r.count = p.single("COUNT", list)
	}
	p.until()
	if p.has("WKST") {
		if r.wkst = slices.Index(weekdayNames, p.values["WKST"]); r.wkst < 0 {
			p.fail("WKST=%s is no day of the week; allowed are SU, MO, TU, WE, TH, FR and SA, for example WKST=MO", quote(p.values["WKST"]))
		}
	}
	p.times()
	p.byDay()
	for _, n := range p.numbers("BYMONTH", 1, 12, false) {
		r.days.months |= 1 << n
	}
	for _, n := range p.numbers("BYMONTHDAY", 1, 31, true) {
		r.days.byMonthDay = true
		if n > 0 {
			r.days.monthDays |= 1 << n
		} else {
			r.days.lastDays |= 1 << -n
		}
	}
	for _, n := range p.numbers("BYWEEKNO", 1, 53, true) {
		r.days.byWeekNo = true
		if n > 0 {
			r.days.weeks |= 1 << n
		} else {
			r.days.lastWeeks |= 1 << -n
		}
	}
	if list := p.numbers("BYYEARDAY", 1, 366, true); len(list) > 0 {
		r.days.yearDays = new([2][367]bool)
		for _, n := range list {
			if n > 0 {
				r.days.yearDays[0][n] = true
			} else {
				r.days.yearDays[1][-n] = true
			}
		}
	}
	if p.has("BYSETPOS") {
		r.setpos = p.numbers("BYSETPOS", 1, 366, true)
	}
}

// quote shows a value of the user's, cut where it would fill the screen.
func quote(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		return fmt.Sprintf("%q...", string(r[:most]))
	}
	return fmt.Sprintf("%q", s)
}
