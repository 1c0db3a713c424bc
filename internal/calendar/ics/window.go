package ics

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/calendar"
)

// when is a time of the file: its text in the form of windows, and its zone; the
// zone is empty for a day and for a floating time.
type when struct {
	text, zone string
	isDay, utc bool
}

// read reads a time and finds its zone.
func read(p property) (when, error) {
	text := calendar.LocalForm(p.value)
	if text == p.value {
		return when{}, fmt.Errorf("%s:%.40q is no time; allowed are 20261224, 20261224T180000 and 20261224T180000Z", p.name, p.value)
	}
	w := when{text: text, isDay: !strings.Contains(text, "T"), utc: strings.HasSuffix(text, "Z")}
	tzid := p.parameter("TZID")
	switch {
	case p.parameter("VALUE") == "DATE" && !w.isDay:
		return when{}, fmt.Errorf("%s:%.40q is no day, though it says so; allowed is, for example, 20261224", p.name, p.value)
	case w.isDay:
		return w, nil
	case w.utc:
		w.zone = "UTC"
		return w, nil
	case tzid == "":
		return w, nil
	}
	var ok bool
	if w.zone, ok = zoneOf(tzid); !ok {
		return when{}, fmt.Errorf("%s has the time zone %.60q, which is neither an IANA name nor one of Windows; allowed is, for example, TZID=Europe/Berlin", p.name, tzid)
	}
	return w, nil
}

// zoneOf returns the IANA name of a TZID: itself, behind a prefix such as
// "/freeassociation.sourceforge.net/", or that of Windows.
func zoneOf(tzid string) (string, bool) {
	tzid = strings.TrimSpace(strings.Trim(tzid, `"`))
	if calendar.KnownZone(tzid) {
		return tzid, true
	}
	if name := windowsZones[strings.ToLower(tzid)]; name != "" {
		return name, true
	}
	if strings.HasPrefix(tzid, "/") {
		for rest := tzid; ; {
			_, after, ok := strings.Cut(rest, "/")
			if !ok {
				break
			}
			if rest = after; strings.Contains(rest, "/") && calendar.KnownZone(rest) {
				return rest, true
			}
		}
	}
	return "", false
}

// window makes the window of an event.
func (im *importer) window(s *source) (calendar.Window, error) {
	if s.problem != nil {
		return calendar.Window{}, s.problem
	}
	if s.start == nil {
		return calendar.Window{}, errors.New("it has no DTSTART; allowed is, for example, DTSTART;VALUE=DATE:20261224")
	}
	if len(s.rules) > 1 {
		return calendar.Window{}, errors.New("it has two lines RRULE, of which readers take only the last; give one, and the rest in RDATE")
	}
	start, err := read(*s.start)
	if err != nil {
		return calendar.Window{}, err
	}
	w := im.options.Template
	if start.zone != "" {
		w.TimeZone = start.zone
	}
	if s.summary != "" {
		w.Reason = s.summary
	}
	w.Name = im.name(s, start)
	if len(s.rules)+len(s.rdates) > 0 {
		return w, s.recurring(&w, start)
	}
	return w, s.once(&w, start)
}

// name gives the window a name that the next reading of the feed gives it too.
func (im *importer) name(s *source, start when) string {
	what := slug(s.summary)
	if what == "" {
		what = "event"
	}
	base := fmt.Sprintf("%s-%s-%.10s", im.options.Template.Name, what, start.text)
	name := base
	for n := 2; im.names[name]; n++ {
		name = fmt.Sprintf("%s-%d", base, n)
	}
	im.names[name] = true
	return name
}

// once fills in an event that does not come again.
func (s *source) once(w *calendar.Window, start when) error {
	if len(s.exdates) > 0 || len(s.moved) > 0 {
		return errors.New("it has exceptions, but no RRULE and no RDATE that they are exceptions from")
	}
	if s.duration != nil || s.end == nil {
		// A rule of one occurrence reads durations, and days without an end.
		rec, err := s.length(w, start)
		rec.RRule = "FREQ=DAILY;COUNT=1"
		w.Recurrence = []calendar.Recurrence{rec}
		return err
	}
	end, err := s.ending(start)
	if err != nil {
		return err
	}
	span := calendar.Span{StartsAt: start.text, EndsAt: end.text}
	if end.zone != start.zone {
		// The ends of a journey: only instants have both zones.
		if span, err = instants(start, end); err != nil {
			return err
		}
	}
	w.Absolute = []calendar.Span{span}
	return nil
}

// instants turns the ends into instants.
func instants(start, end when) (calendar.Span, error) {
	out := calendar.Span{}
	for _, part := range []struct {
		from when
		to   *string
	}{{start, &out.StartsAt}, {end, &out.EndsAt}} {
		if part.from.zone == "" {
			return out, errors.New("one of DTSTART and DTEND has a time zone, and the other has none; give both, for example TZID=Europe/Berlin")
		}
		at, err := calendar.Resolve(part.from.zone, strings.TrimSuffix(part.from.text, "Z"))
		if err != nil {
			return out, err
		}
		*part.to = at.Format(time.RFC3339)
	}
	return out, nil
}

// ending reads DTEND. A day there is the first that no longer belongs to the event
// (RFC 5545, 3.6.1); for a window it is the last that does.
func (s *source) ending(start when) (when, error) {
	if s.duration != nil {
		return when{}, errors.New("it has DTEND and DURATION, which exclude each other; give one of them")
	}
	end, err := read(*s.end)
	if err != nil {
		return when{}, err
	}
	if end.isDay != start.isDay {
		return when{}, errors.New("one of DTSTART and DTEND is a day, and the other a time; give both in one form")
	}
	if end.isDay {
		day, err := time.Parse(time.DateOnly, end.text)
		if err != nil {
			return when{}, fmt.Errorf("DTEND:%.40q is no day that exists", s.end.value)
		}
		end.text = day.AddDate(0, 0, -1).Format(time.DateOnly)
	}
	return end, nil
}
