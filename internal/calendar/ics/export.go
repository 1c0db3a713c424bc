package ics

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"time"

	ical "github.com/arran4/golang-ical"

	"github.com/sluice/terraform-provider-sluice/internal/calendar"
)

// MaxExported is the largest number of occurrences in one export.
const MaxExported = 20_000

// stamp is a time in UTC (RFC 5545, 3.3.5).
const stamp = "20060102T150405Z"

// Export writes the occurrences of the windows, whatever their scope, that reach
// into [from, to), at most calendar.Horizon, as events in UTC, for people's
// calendars. The same windows and times give the same bytes, in which DTSTAMP is
// from. The kind is in CATEGORIES.
func Export(windows []calendar.Window, from, to time.Time) ([]byte, error) {
	all := make([]calendar.Window, len(windows))
	for i, w := range windows {
		w.Scope = calendar.Scope{}
		all[i] = w
	}
	found, err := calendar.Upcoming(all, calendar.Subject{}, from, to)
	if err != nil {
		return nil, err
	}
	if len(found) > MaxExported {
		return nil, fmt.Errorf("the windows have %d occurrences from %s to %s; at most %d can be exported, give a shorter time",
			len(found), from.Format(time.RFC3339), to.Format(time.RFC3339), MaxExported)
	}
	cal := ical.NewCalendarFor("sluice")
	cal.SetProductId("-//sluice//change windows//EN")
	cal.SetCalscale("GREGORIAN")
	cal.SetMethod(ical.MethodPublish)
	cal.SetXWRCalName("Change windows")
	for _, o := range found {
		cal.AddVEvent(event(o, from))
	}
	var b bytes.Buffer
	if err := cal.SerializeTo(&b, ical.WithNewLine("\r\n"), ical.WithLineLength(75)); err != nil {
		return nil, fmt.Errorf("unable to write the calendar: %w", err)
	}
	return b.Bytes(), nil
}

// event writes one occurrence.
func event(o calendar.Occurrence, written time.Time) *ical.VEvent {
	start := o.Start.UTC().Format(stamp)
	id := sha256.Sum256([]byte(string(o.Kind) + "\x00" + o.Window + "\x00" + start))
	e := ical.NewEvent(fmt.Sprintf("%x@sluice", id[:12]))
	e.AddProperty(ical.ComponentPropertyDtstamp, written.UTC().Format(stamp))
	e.AddProperty(ical.ComponentPropertyDtStart, start)
	e.AddProperty(ical.ComponentPropertyDtEnd, o.End.UTC().Format(stamp))
	summary := string(o.Kind) + ": " + o.Window
	if o.Reason != "" {
		summary += ": " + o.Reason
	}
	if o.Owner != "" {
		summary += " (" + o.Owner + ")"
	}
	e.SetSummary(summary)
	e.AddCategory(string(o.Kind))
	e.SetTimeTransparency(ical.TransparencyOpaque)
	return e
}
