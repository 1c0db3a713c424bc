package ics

import (
	"errors"
	"fmt"
	"strings"

	ical "github.com/arran4/golang-ical"
)

// property is one line of an event.
type property struct {
	name, value string
	parameters  map[string]string // Names in upper case.
}

func (p property) parameter(name string) string { return p.parameters[name] }

// source is an event as the file has it.
type source struct {
	uid, summary, status string
	transparent          bool
	start, end, duration *property
	recurrenceID         *property
	rules                []string
	exdates, rdates      []property
	// moved holds the occurrences that other events replace.
	moved []property
	// problem is what no window can be made of, whatever else the event says.
	problem error
}

// newSource reads the lines of an event.
func newSource(event *ical.VEvent) *source {
	s := &source{}
	for _, p := range event.Properties {
		one := property{strings.ToUpper(p.IANAToken), strings.TrimSpace(p.Value), map[string]string{}}
		for key, values := range p.ICalParameters {
			one.parameters[strings.ToUpper(key)] = strings.Join(values, ",")
		}
		s.add(one)
	}
	return s
}

func (s *source) add(p property) {
	single := func(field **property) {
		if *field != nil && s.problem == nil {
			s.problem = fmt.Errorf("it has two lines %s, and it is not known which one counts; give one", p.name)
		}
		*field = &p
	}
	switch p.name {
	case "UID":
		s.uid = oneLine(p.value)
	case "SUMMARY":
		s.summary = oneLine(p.value)
	case "STATUS":
		s.status = strings.ToUpper(p.value)
	case "TRANSP":
		s.transparent = strings.EqualFold(p.value, "TRANSPARENT")
	case "DTSTART":
		single(&s.start)
	case "DTEND":
		single(&s.end)
	case "DURATION":
		single(&s.duration)
	case "RECURRENCE-ID":
		single(&s.recurrenceID)
	case "RRULE":
		s.rules = append(s.rules, p.value)
	case "EXDATE":
		s.exdates = append(s.exdates, p)
	case "RDATE":
		s.rdates = append(s.rdates, p)
	case "EXRULE":
		s.problem = errors.New("EXRULE is refused, as RFC 5545 deprecates it and most readers ignore it; list the dates in EXDATE")
	}
}

// fail names the event in an error.
func (s *source) fail(err error) error { return &EventError{UID: s.uid, Summary: s.summary, Err: err} }

// empty says whether the event takes no time at all: it starts at a time and has
// no end, or the same one. Such a reminder neither opens nor closes anything.
func (s *source) empty() bool {
	if s.start == nil || s.duration != nil || !strings.Contains(s.start.value, "T") || s.problem != nil {
		return false
	}
	return s.end == nil || s.end.value == s.start.value && s.end.parameter("TZID") == s.start.parameter("TZID")
}

// list splits the values of lines that may hold several.
func list(lines []property) []property {
	var out []property
	for _, line := range lines {
		for value := range strings.SplitSeq(line.value, ",") {
			if value = strings.TrimSpace(value); value != "" {
				out = append(out, property{line.name, value, line.parameters})
			}
		}
	}
	return out
}
