package cli

import (
	"fmt"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/calendar"
	"github.com/sluice/terraform-provider-sluice/internal/prose"
)

// dayJSON is one day of a month in JSON.
type dayJSON struct {
	// Date is the day: 2026-12-24. State is open, closed, partly or left_out, for a
	// day that the zone does not have.
	Date  string       `json:"date"`
	State string       `json:"state"`
	Open  []periodJSON `json:"open"`
}

// periodJSON is when changes may go forward, half-open.
type periodJSON struct {
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
}

var dayStates = map[rune]string{'.': "open", '#': "closed", '+': "partly", '-': "left_out"}

func toMonth(days []calendar.Day) []dayJSON {
	out := make([]dayJSON, len(days))
	for i, d := range days {
		out[i] = dayJSON{Date: d.Start.Format(time.DateOnly), State: dayStates[d.Mark()], Open: []periodJSON{}}
		for _, p := range d.Open {
			out[i].Open = append(out[i].Open, periodJSON{p.Start, p.End})
		}
	}
	return out
}

// windowLines names the windows that come in a month, at most a screen of them.
func (a *app) windowLines(cal *calendar.Calendar, subject calendar.Subject, month time.Time, loc *time.Location) error {
	first := time.Date(month.Year(), month.Month(), 1, 0, 0, 0, 0, loc)
	found, err := cal.Upcoming(subject, first, first.AddDate(0, 1, 0))
	if err != nil {
		return err
	}
	const most = 20
	seen := map[string]bool{}
	for _, o := range found {
		line := fmt.Sprintf("%-6s %q", o.Kind, o.Window)
		if o.Reason != "" {
			line += ": " + o.Reason
		}
		if seen[line] {
			continue
		}
		if len(seen) == 0 {
			a.say("")
		}
		if seen[line] = true; len(seen) > most {
			a.say(" and more")
			break
		}
		a.say("%s", prose.Wrapped(line, " ", width(a.stdout)))
	}
	return nil
}

// sharedZone is the zone of the windows where they share one, else UTC.
func sharedZone(windows []calendar.Window) string {
	zone := ""
	for _, w := range windows {
		switch {
		case w.TimeZone == zone:
		case zone == "":
			zone = w.TimeZone
		default:
			return "UTC"
		}
	}
	if zone == "" {
		return "UTC"
	}
	return zone
}

// stateLine says what holds now.
func stateLine(s calendar.State, loc *time.Location) string {
	text := "now: closed, "
	if s.Open {
		text = "now: open, "
	}
	text += s.Reason
	if !s.Until.IsZero() {
		text += "; until " + s.Until.In(loc).Format("2006-01-02 15:04 ") + loc.String()
	}
	return text
}
