package calendar

import (
	"strings"
)

// MaxEvents is the largest number of entries in Window.Events.
const MaxEvents = 5000

// Event is a part of a window that has a zone or a summary of its own, such as one
// holiday of a list of them. Kind, scope and all else are the window's.
type Event struct {
	// Summary says what it is, in at most 1000 characters; optional.
	Summary string `json:"summary,omitempty"`
	// TimeZone is an IANA name; empty means the window's.
	TimeZone string `json:"time_zone,omitempty"`
	// Absolute and Recurrence are as in a Window; at least one must be given.
	Absolute   []Span       `json:"absolute,omitempty"`
	Recurrence []Recurrence `json:"recurrence,omitempty"`
}

// event reads an event of the window.
func (c *compiled) event(p *problems, path string, e Event) *compiled {
	w := c.window
	w.Absolute, w.Weekly, w.Recurrence, w.Events = e.Absolute, nil, e.Recurrence, nil
	w.Reason = strings.TrimPrefix(w.Reason+": "+e.Summary, ": ")
	if e.Summary == "" {
		w.Reason = c.window.Reason
	}
	out := &compiled{window: w, zone: c.zone}
	p.text(path+".summary", e.Summary, 1000)
	if e.TimeZone != "" {
		out.window.TimeZone = e.TimeZone
		before := len(*p)
		out.zone = p.zone(e.TimeZone)
		for i := before; i < len(*p); i++ {
			(*p)[i].Path = path + "." + (*p)[i].Path
		}
	}
	if len(e.Absolute)+len(e.Recurrence) == 0 {
		p.add(path, `the event has no times, so that it never comes; give "absolute" or "recurrence", for example `+
			`absolute = [{ starts_at = "2026-12-24", ends_at = "2026-12-26" }]`)
	}
	out.addTimes(p, path+".")
	return out
}
