package calendar

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/calendar/recur"
)

// MaxInstants is the largest Limit of an Expansion.
const MaxInstants = 100_000

// Expansion asks what a rule makes, before it guards anything. Its forms are those
// of Recurrence; forms of iCalendar, such as "20260105T090000", are taken too.
type Expansion struct {
	// DTStart is a local time or a day.
	DTStart string
	// Zone is an IANA name.
	Zone string
	// Duration is optional: instants need none.
	Duration string
	// RRules holds at most one rule: two are refused, since readers differ on them.
	RRules []string
	// ExDates and RDates hold local times, days or instants.
	ExDates, RDates []string
	// From and To bound the starts, half-open. Zero means from the first one on; and,
	// for To, Horizon after the beginning, or without end when there is a Limit.
	From, To time.Time
	// Limit is how many to return at most, up to MaxInstants; 0 means MaxInstants.
	Limit int
	// DSTGap is Skip, which is RFC 5545's and the default, or Shift: a start in a gap
	// is then read with the offset before it, so that 02:30 becomes 03:30.
	DSTGap DSTGap
}

// Instant is one occurrence of an Expansion, in its zone.
type Instant struct {
	// Start is when it starts; End is the same where no duration was given.
	Start, End time.Time
}

// FieldErrors says what is wrong with an Expansion. It wraps ErrInvalid.
type FieldErrors []FieldError

// Error lists all fields.
func (e FieldErrors) Error() string {
	parts := make([]string, len(e))
	for i, field := range e {
		parts[i] = field.Error()
	}
	return strings.Join(parts, "; ")
}

// Unwrap makes errors.Is(err, ErrInvalid) true.
func (e FieldErrors) Unwrap() error { return ErrInvalid }

// Expand returns the occurrences in order, one for each start. What is refused gives
// FieldErrors, whose paths are "dtstart", "zone", "duration", "rrule", "exdates[0]",
// "rdates[0]", "limit" and "dst_gap". ErrBudget means that the rule takes more than
// 100,000 steps.
//
// It takes three things that a window refuses, since nothing is guarded: more than
// MaxTimes starts a day, dates in ExDates that take nothing away, and a first start
// that does not exist, which Skip leaves out.
func Expand(e Expansion) ([]Instant, error) {
	r, err := e.read()
	if err != nil {
		return nil, err
	}
	limit := e.Limit
	if limit == 0 {
		limit = MaxInstants
	}
	first, last, err := e.bounds(r)
	if err != nil {
		return nil, err
	}
	budget := searchBudget
	found, err := r.starts(first, last, limit, &budget)
	if err != nil {
		return nil, err
	}
	out := make([]Instant, len(found))
	for i, v := range found {
		end := v.end
		if e.Duration == "" && !r.isDay {
			end = v.start
		}
		out[i] = Instant{r.c.zone.time(v.start), r.c.zone.time(end)}
	}
	return out, nil
}

// bounds resolves From and To.
func (e Expansion) bounds(r *recurring) (int64, int64, error) {
	first, last := minInstant, maxInstant
	var err error
	if !e.From.IsZero() {
		if first, err = seconds(e.From); err != nil {
			return 0, 0, fmt.Errorf("from: %w", err)
		}
		if e.From.Nanosecond() > 0 {
			first++ // A start on a whole second before it lies outside.
		}
	}
	switch {
	case !e.To.IsZero():
		if last, err = seconds(e.To); err != nil {
			return 0, 0, fmt.Errorf("to: %w", err)
		}
		if e.To.Nanosecond() > 0 {
			last++
		}
		if last < first {
			return 0, 0, fmt.Errorf("to: %s lies before from; give a later one, for example %s", e.To.Format(time.RFC3339), e.From.AddDate(1, 0, 0).Format(time.RFC3339))
		}
	case e.Limit == 0:
		start := max(first, r.c.zone.resolve(r.start).first)
		last = min(maxInstant, start+int64(Horizon/time.Second))
	}
	return first, last, nil
}

// starts lists the occurrences that start within [first, last).
func (r *recurring) starts(first, last int64, limit int, budget *int) ([]interval, error) {
	var found []interval
	for _, v := range r.literal {
		if v.start >= first && v.start < last {
			found = append(found, v)
		}
	}
	if r.rule != nil && !r.counted {
		steps, n := min(ruleSteps, *budget), 0
		err := r.walk(r.c.zone.wall(first)-2*day, min(r.c.zone.wall(last)+2*day, recur.MaxWall), &steps, func(_ int64, v interval, excluded bool) bool {
			if !excluded && v.start >= first && v.start < last {
				found = append(found, v)
				n++
			}
			return n <= limit // One more: the order of two starts can differ from that of their wall times.
		})
		if err != nil {
			return nil, err
		}
	}
	found = distinct(found)
	return found[:min(limit, len(found))], nil
}

var errTwoRules = errors.New(`two rules are refused, since RFC 5545 advises against them and readers take only the last; give one, and the rest in rdates`)

// read turns the expansion into a recurrence of a window without a name.
func (e Expansion) read() (*recurring, error) {
	fail := func(path string, err error) error {
		return FieldErrors{{path, err.Error()}}
	}
	if len(e.RRules) > 1 {
		return nil, fail("rrule", errTwoRules)
	}
	if e.Limit < 0 || e.Limit > MaxInstants {
		return nil, fail("limit", fmt.Errorf("%d is not allowed; allowed is 1 to %d, for example 20", e.Limit, MaxInstants))
	}
	if e.DSTGap != "" && e.DSTGap != Skip && e.DSTGap != Shift {
		return nil, fail("dst_gap", fmt.Errorf(`%s is not allowed; allowed are "shift" and "skip", for example "skip"`, quote(string(e.DSTGap))))
	}
	rec := Recurrence{Start: LocalForm(e.DTStart), Duration: e.Duration, ExDates: localForms(e.ExDates), RDates: localForms(e.RDates)}
	if len(e.RRules) == 1 {
		rec.RRule = e.RRules[0]
	}
	if m, err := parseMoment(rec.Start); e.Duration == "" && err == nil && m.form == formLocal {
		rec.Duration = "PT1S"
	}
	var p problems
	// The starts of an allow are those of RFC 5545 in a gap.
	c := &compiled{window: Window{Kind: Allow, DSTGap: e.DSTGap}, zone: p.zone(e.Zone), trial: true}
	c.addRecurrence(&p, "", rec)
	for i := range p {
		switch p[i].Path = strings.TrimPrefix(p[i].Path, "."); p[i].Path {
		case "time_zone":
			p[i].Path = "zone"
		case "start":
			p[i].Path = "dtstart"
		}
	}
	if len(p) > 0 {
		return nil, FieldErrors(p)
	}
	return c.recurrence[0], nil
}

// distinct sorts by start, and keeps one occurrence for each.
func distinct(in []interval) []interval {
	slices.SortFunc(in, func(a, b interval) int { return cmp.Compare(a.start, b.start) })
	return slices.CompactFunc(in, func(a, b interval) bool { return a.start == b.start })
}

// icalTime is a time or a day of RFC 5545, 3.3.4 and 3.3.5.
var icalTime = regexp.MustCompile(`^(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})(\d{2})(Z?))?$`)

// LocalForm turns a time or a day of iCalendar, such as "20260105T090000", into the
// form that windows take, "2026-01-05T09:00:00". Anything else it returns as it is.
func LocalForm(s string) string {
	m := icalTime.FindStringSubmatch(s)
	switch {
	case m == nil:
		return s
	case m[4] == "":
		return m[1] + "-" + m[2] + "-" + m[3]
	}
	return m[1] + "-" + m[2] + "-" + m[3] + "T" + m[4] + ":" + m[5] + ":" + m[6] + m[7]
}

func localForms(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = LocalForm(s)
	}
	return out
}
