package ics

import (
	"errors"
	"fmt"
	"strings"

	"github.com/sluice/terraform-provider-sluice/internal/calendar"
)

// length begins the recurrence of an event: its start and how long it takes.
func (s *source) length(w *calendar.Window, start when) (calendar.Recurrence, error) {
	rec := calendar.Recurrence{Start: strings.TrimSuffix(start.text, "Z")}
	switch {
	case s.duration != nil && s.end != nil:
		return rec, errors.New("it has DTEND and DURATION, which exclude each other; give one of them")
	case s.duration != nil:
		rec.Duration = strings.TrimPrefix(s.duration.value, "+")
	case s.end != nil:
		end, err := s.ending(start)
		if err != nil {
			return rec, err
		}
		if end.zone != start.zone {
			return rec, fmt.Errorf("it comes again, and ends in another time zone than %q, in which it starts; give both in one", w.TimeZone)
		}
		rec.End = strings.TrimSuffix(end.text, "Z")
	}
	return rec, nil
}

// recurring fills in an event that comes again.
func (s *source) recurring(w *calendar.Window, start when) error {
	rec, err := s.length(w, start)
	if err != nil {
		return err
	}
	if len(s.rules) == 1 {
		rec.RRule = s.rules[0]
	}
	without := list(s.exdates)
	if rec.ExDates, err = dates(append(without, s.moved...), start); err != nil {
		return err
	}
	var plain []property
	for _, p := range list(s.rdates) {
		if !strings.Contains(p.value, "/") {
			plain = append(plain, p)
			continue
		}
		if err := s.period(w, start, p); err != nil {
			return err
		}
	}
	if rec.RDates, err = dates(plain, start); err != nil {
		return err
	}
	if rec.RRule == "" && len(rec.RDates) == 0 {
		rec.RRule = "FREQ=DAILY;COUNT=1" // All further occurrences are periods.
	}
	w.Recurrence = append([]calendar.Recurrence{rec}, w.Recurrence...)
	return nil
}

// dates reads exceptions or additions, in the zone of the start or in UTC.
func dates(lines []property, start when) ([]string, error) {
	var out []string
	for _, p := range lines {
		at, err := read(p)
		switch {
		case err != nil:
			return nil, err
		case at.isDay != start.isDay && !(at.isDay && p.name == "EXDATE"):
			return nil, fmt.Errorf("%s:%.40q is not of the form of DTSTART; give both as days or both as times", p.name, p.value)
		case !at.isDay && !at.utc && at.zone != start.zone:
			return nil, fmt.Errorf("%s:%.40q is in another time zone than DTSTART; give it in the same, or in UTC", p.name, p.value)
		}
		out = append(out, at.text)
	}
	return out, nil
}

// period adds an RDATE of its own length, "start/end" or "start/duration".
func (s *source) period(w *calendar.Window, start when, p property) error {
	from, to, _ := strings.Cut(p.value, "/")
	p.value = from
	first, err := read(p)
	if err != nil {
		return err
	}
	if first.zone != start.zone && !first.utc || first.isDay {
		return fmt.Errorf("RDATE:%.40q is in another time zone than DTSTART, or a day; give a time in the same zone, or in UTC", from)
	}
	if !strings.HasPrefix(to, "P") {
		p.value = to
		last, err := read(p)
		if err != nil {
			return err
		}
		w.Absolute = append(w.Absolute, calendar.Span{StartsAt: first.text, EndsAt: last.text})
		return nil
	}
	if first.utc && start.zone != "UTC" {
		return fmt.Errorf("RDATE:%.40q is in UTC with a duration, and DTSTART is not; give the period's end instead", from)
	}
	w.Recurrence = append(w.Recurrence, calendar.Recurrence{Start: strings.TrimSuffix(first.text, "Z"), Duration: to, RRule: "FREQ=DAILY;COUNT=1"})
	return nil
}
