// Package ics reads the windows of an iCalendar file (RFC 5545), and writes one.
//
// What cannot be read makes all of the file unusable: nobody knows what the rest
// would have forbidden.
package ics

import (
	"errors"
	"fmt"
	"strings"

	ical "github.com/arran4/golang-ical"

	"github.com/sluice/terraform-provider-sluice/internal/calendar"
)

// Limits of one file.
const (
	// MaxSize is the largest file, in bytes.
	MaxSize = 4 << 20
	// MaxEvents is the largest number of events.
	MaxEvents = 5000
)

// ErrFile is wrapped by every error about a file that cannot be read.
var ErrFile = errors.New("invalid iCalendar file")

// EventError names the event that cannot be read, and why. It wraps ErrFile, and
// the calendar's own error where there is one.
type EventError struct {
	UID, Summary string
	Err          error
}

// Error says which event it is, and what is wrong with it.
func (e *EventError) Error() string {
	return fmt.Sprintf("the event %q (UID %q) cannot be read: %v", e.Summary, e.UID, e.Err)
}

// Unwrap makes errors.Is(err, ErrFile) true.
func (e *EventError) Unwrap() []error { return []error{ErrFile, e.Err} }

// Treatment says what becomes of an event that may not be meant to block time.
type Treatment string

// The treatments.
const (
	Keep    Treatment = "keep"
	LeaveIt Treatment = "leave_out"
)

// Options says what the events of a file become.
type Options struct {
	// Template is what the windows have in common: Kind, TimeZone, Owner, Severity,
	// Overrun, DSTGap, Scope. Its Name begins theirs; its Reason is that of events
	// without a summary. Days and floating times are in its TimeZone, whatever
	// X-WR-TIMEZONE says. It holds no times of its own.
	Template calendar.Window
	// Transparent is for events that show their owner as free (TRANSP:TRANSPARENT),
	// as most feeds of holidays do, and for those that are tentative. Empty means
	// what closes more: Keep for freezes, LeaveIt for allows.
	Transparent Treatment
}

// Skip is something in the file that became no window.
type Skip struct {
	// UID and Summary are the event's; empty for other components.
	UID, Summary string
	// Why is a sentence part for people.
	Why string
}

// Result is what a file holds.
type Result struct {
	// Windows holds one window for each event, in the file's order, validated.
	Windows []calendar.Window
	// Skipped holds what was left out.
	Skipped []Skip
}

// Events gives the windows as the events of one window: that of the template, with
// the file's times.
func (r Result) Events(template calendar.Window) []calendar.Event {
	out := make([]calendar.Event, len(r.Windows))
	for i, w := range r.Windows {
		out[i] = calendar.Event{Absolute: w.Absolute, Recurrence: w.Recurrence}
		if w.Reason != template.Reason {
			out[i].Summary = w.Reason
		}
		if w.TimeZone != template.TimeZone {
			out[i].TimeZone = w.TimeZone
		}
	}
	return out
}

// Import reads a file. It refuses a file without any event that becomes a window:
// an empty or misread calendar must not open everything.
func Import(data []byte, o Options) (Result, error) {
	if err := o.check(); err != nil {
		return Result{}, err
	}
	text, events, err := normalise(data)
	if err != nil {
		return Result{}, err
	}
	parsed, err := ical.ParseCalendar(strings.NewReader(text))
	if err != nil {
		return Result{}, fmt.Errorf("%w: %w", ErrFile, err)
	}
	if n := len(parsed.Events()); n != events {
		return Result{}, fmt.Errorf("%w: it has %d events, of which %d can be read", ErrFile, events, n)
	}
	im := importer{options: o, names: map[string]bool{}}
	for _, component := range parsed.Components {
		switch c := component.(type) {
		case *ical.VEvent:
			im.sources = append(im.sources, newSource(c))
		case *ical.VTimezone:
			// Zones are those of the IANA database; what a file says of one is not used.
		default:
			im.result.Skipped = append(im.result.Skipped, Skip{Why: fmt.Sprintf("%T is no event", component)})
		}
	}
	if err := im.run(); err != nil {
		return Result{}, err
	}
	if len(im.result.Windows) == 0 {
		return Result{}, fmt.Errorf("%w: none of its %d events becomes a window; give a file that has some", ErrFile, events)
	}
	return im.result, nil
}

// check refuses options that fit no event.
func (o Options) check() error {
	w := o.Template
	if len(w.Absolute)+len(w.Weekly)+len(w.Recurrence) > 0 {
		return errors.New("the template of imported windows has times of its own; leave them out, the file has them")
	}
	if o.Transparent != "" && o.Transparent != Keep && o.Transparent != LeaveIt {
		return fmt.Errorf(`%q is no treatment of transparent events; allowed are "keep" and "leave_out", for example "keep"`, o.Transparent)
	}
	w.Absolute = []calendar.Span{{StartsAt: "2026-01-01", EndsAt: "2026-01-01"}}
	if fields := w.Validate(); len(fields) > 0 {
		return &calendar.InvalidError{Window: w.Name, Fields: fields}
	}
	return nil
}

// leavesOut says whether events that may not block time become no windows.
func (o Options) leavesOut() bool {
	return o.Transparent == LeaveIt || o.Transparent == "" && o.Template.Kind == calendar.Allow
}

// importer turns events into windows.
type importer struct {
	options Options
	sources []*source
	names   map[string]bool // Those that are taken.
	result  Result
}

// run joins overrides to their events, and makes the windows.
func (im *importer) run() error {
	masters := map[string]*source{}
	for _, s := range im.sources {
		if s.uid == "" || s.recurrenceID != nil {
			continue
		}
		if masters[s.uid] != nil {
			return s.fail(errors.New("two events have this UID, and it is not known which one counts; give each a UID of its own"))
		}
		masters[s.uid] = s
	}
	for _, s := range im.sources {
		if s.recurrenceID == nil {
			continue
		}
		if s.recurrenceID.parameter("RANGE") != "" {
			return s.fail(errors.New("RECURRENCE-ID with RANGE changes all later occurrences, which is not supported; end the rule with UNTIL, and give a new event"))
		}
		// What moves is taken away where it was; if it is not cancelled, it is an event
		// by itself.
		if master := masters[s.uid]; master != nil {
			master.moved = append(master.moved, *s.recurrenceID)
		}
	}
	for _, s := range im.sources {
		if why := im.skip(s); why != "" {
			im.result.Skipped = append(im.result.Skipped, Skip{s.uid, s.summary, why})
			continue
		}
		w, err := im.window(s)
		if err != nil {
			return s.fail(err)
		}
		if fields := w.Validate(); len(fields) > 0 {
			return s.fail(&calendar.InvalidError{Window: w.Name, Fields: fields})
		}
		im.result.Windows = append(im.result.Windows, w)
	}
	return nil
}

// skip says why an event becomes no window, or nothing.
func (im *importer) skip(s *source) string {
	switch {
	case s.status == "CANCELLED":
		return "it is cancelled"
	case s.transparent && im.options.leavesOut():
		return "it shows its owner as free"
	case s.status == "TENTATIVE" && im.options.leavesOut():
		return "it is tentative"
	case s.empty():
		return "it takes no time"
	}
	return ""
}
