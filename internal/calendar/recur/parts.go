package recur

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

var weekdayNames = []string{"SU", "MO", "TU", "WE", "TH", "FR", "SA"}

// numbers reads a list of whole numbers, each once: a list that repeats one means
// the same as one that does not.
func (p *parser) numbers(key string, least, most int, negative bool) []int {
	if !p.has(key) {
		return nil
	}
	allowed := strconv.Itoa(least) + " to " + strconv.Itoa(most)
	if negative {
		allowed += " and -" + strconv.Itoa(most) + " to -" + strconv.Itoa(least)
	}
	var out []int
	for text := range strings.SplitSeq(p.values[key], ",") {
		n, err := strconv.Atoi(text)
		size := n
		if negative && n < 0 {
			size = -n
		}
		if err != nil || size < least || size > most || len(text) > 8 {
			p.fail("%s=%s is not allowed; allowed are whole numbers from %s, for example %s=%d", key, quote(text), allowed, key, least)
			return nil
		}
		out = append(out, n)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (p *parser) single(key string, list []int) int {
	if len(list) != 1 || strings.Contains(p.values[key], ",") {
		p.fail("%s=%s is a list; allowed is one number, for example %s=2", key, quote(p.values[key]), key)
	}
	return list[0]
}

// until reads UNTIL, which must be of the start's own form.
func (p *parser) until() {
	value := p.values["UNTIL"]
	if value == "" {
		return
	}
	if p.has("COUNT") {
		p.fail("COUNT and UNTIL exclude each other; give one of them, for example UNTIL=%s alone", value)
		return
	}
	u := Until{Set: true}
	layouts := []struct {
		text string
		utc  bool
	}{{"20060102T150405", false}, {"20060102T150405Z", true}}
	want := "an instant in UTC or a local time, because the start is a time, for example UNTIL=20261231T225959Z"
	if p.rule.isDay {
		layouts = layouts[:1]
		layouts[0].text = "20060102"
		want = "a day, because the start is one, for example UNTIL=20261231"
	}
	for _, layout := range layouts {
		if t, err := time.Parse(layout.text, value); err == nil && t.Format(layout.text) == value {
			u.Wall, u.UTC = t.Unix(), layout.utc
			p.rule.until = u
			return
		}
	}
	p.fail("UNTIL=%s is not allowed; allowed is %s", quote(value), want)
}

// times reads the hours, minutes and seconds of a day. A day has none, RFC 5545
// 3.3.10 says to ignore them there.
func (p *parser) times() {
	r := p.rule
	hours, minutes, seconds := p.numbers("BYHOUR", 0, 23, false), p.numbers("BYMINUTE", 0, 59, false), p.numbers("BYSECOND", 0, 59, false)
	if r.isDay {
		r.times = []int64{0}
		return
	}
	of := int(r.start - floor(r.start, Day)*Day)
	if hours == nil {
		hours = []int{of / 3600}
	}
	if minutes == nil {
		minutes = []int{of / 60 % 60}
	}
	if seconds == nil {
		seconds = []int{of % 60}
	}
	r.times = make([]int64, 0, len(hours)*len(minutes)*len(seconds))
	for _, h := range hours {
		for _, m := range minutes {
			for _, s := range seconds {
				r.times = append(r.times, int64(h*3600+m*60+s))
			}
		}
	}
}

// byDay reads entries such as MO, 2TU and -1FR.
func (p *parser) byDay() {
	if !p.has("BYDAY") {
		return
	}
	f := &p.rule.days
	f.byDay = true
	most := 5
	if p.rule.freq == Yearly && !p.has("BYMONTH") {
		f.nthInYear, most = true, 53
	}
	for text := range strings.SplitSeq(p.values["BYDAY"], ",") {
		number, name := text, ""
		if len(text) >= 2 {
			number, name = text[:len(text)-2], text[len(text)-2:]
		}
		day := slices.Index(weekdayNames, name)
		n, err := strconv.Atoi(number)
		switch {
		case day < 0 || number != "" && err != nil:
			p.fail("BYDAY=%s is no day of the week; allowed are SU, MO, TU, WE, TH, FR and SA, with a number in front in "+
				"MONTHLY and YEARLY rules, for example BYDAY=MO or BYDAY=-1FR", quote(text))
			return
		case number == "":
			f.weekdays |= 1 << day
		case p.rule.freq != Monthly && p.rule.freq != Yearly:
			p.fail("BYDAY=%s has a number, which only MONTHLY and YEARLY rules may have; leave it out, for example BYDAY=%s", quote(text), name)
		case p.has("BYWEEKNO"):
			p.fail("BYDAY=%s has a number, which excludes BYWEEKNO; leave it out, for example BYDAY=%s", quote(text), name)
		case n == 0 || n > most || n < -most:
			p.fail("BYDAY=%s never comes; allowed are the numbers 1 to %d and -%d to -1, for example BYDAY=-1%s", quote(text), most, most, name)
		default:
			f.nth = append(f.nth, nthDay{day, n})
		}
	}
}

// combinations refuses the parts that RFC 5545 does not allow at a frequency. That
// others ignore them would make a rule mean more than it says.
func (p *parser) combinations() {
	forbidden := map[Freq][]string{
		Daily:   {"BYWEEKNO", "BYYEARDAY"},
		Weekly:  {"BYWEEKNO", "BYYEARDAY", "BYMONTHDAY"},
		Monthly: {"BYWEEKNO", "BYYEARDAY"},
	}
	for _, key := range forbidden[p.rule.freq] {
		if p.has(key) {
			p.fail("%s is not allowed in a %s rule, by RFC 5545; allowed is, for example, \"FREQ=YEARLY;%s=1\"", key, p.values["FREQ"], key)
		}
	}
	if p.has("BYSETPOS") && !slices.ContainsFunc(keys, func(key string) bool { return strings.HasPrefix(key, "BY") && key != "BYSETPOS" && p.has(key) }) {
		p.fail(`BYSETPOS selects among what other parts give, and there are none; give one, for example "FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=-1"`)
	}
}

// imply takes from the start what the rule leaves out.
func (p *parser) imply() {
	r, f := p.rule, &p.rule.days
	start := floor(r.start, Day)
	_, month, day := fromDays(start)
	switch {
	case r.freq == Weekly && !f.byDay,
		r.freq == Yearly && f.byWeekNo && !f.byDay && !f.byMonthDay && f.yearDays == nil:
		f.byDay, f.weekdays = true, 1<<weekday(start)
	case r.freq == Monthly && !f.byDay && !f.byMonthDay,
		r.freq == Yearly && !f.byDay && !f.byMonthDay && f.yearDays == nil:
		f.byMonthDay, f.monthDays = true, 1<<day
	}
	if r.freq == Yearly && f.byMonthDay && f.months == 0 && f.yearDays == nil && !f.byWeekNo {
		f.months = 1 << month
	}
}
