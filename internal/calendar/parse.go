package calendar

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// Decode reads a window from the JSON that json.Marshal gave, and validates it.
// A field that this version does not know is an error: ignoring a rule of a newer
// version could open what that rule closes. A window that does not validate gives
// an error that wraps ErrInvalid.
func Decode(data []byte) (Window, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	var w Window
	if err := dec.Decode(&w); err != nil {
		return Window{}, fmt.Errorf("the definition of a window cannot be read: %w: %w", ErrInvalid, err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return Window{}, fmt.Errorf("the definition of a window cannot be read: %w: something follows it", ErrInvalid)
	}
	if fields := w.Validate(); len(fields) > 0 {
		return Window{}, &InvalidError{Window: w.Name, Fields: fields}
	}
	return w, nil
}

// moment is a parsed Span end: an instant, a local time or a whole day.
type moment struct {
	form  momentForm
	value int64 // Unix seconds, wall seconds, or days since 1970-01-01.
}

type momentForm int

const (
	formInstant momentForm = iota
	formLocal
	formDay
)

const momentHelp = `allowed are an instant, a local time or a day in the years 1970 to 2199, for example ` +
	`"2026-12-24T18:00:00+01:00", "2026-12-24T18:00:00" or "2026-12-24"`

// parseMoment reads one end of a Span.
func parseMoment(s string) (moment, error) {
	if s == "" {
		return moment{}, errors.New("is empty; " + momentHelp)
	}
	bad := fmt.Errorf("%s is no time or day that exists; %s", quote(s), momentHelp)
	var m moment
	var t time.Time
	for _, layout := range []struct {
		text string
		form momentForm
	}{{"2006-01-02", formDay}, {"2006-01-02T15:04", formLocal}, {"2006-01-02T15:04:05", formLocal}} {
		parsed, err := time.Parse(layout.text, s)
		// Formatting again refuses what Parse is lax about, such as fractions.
		if err == nil && parsed.Format(layout.text) == s {
			t, m.form, m.value = parsed, layout.form, parsed.Unix()
			if m.form == formDay {
				m.value /= day
			}
		}
	}
	if t.IsZero() {
		// UnmarshalText holds to RFC 3339 more strictly than Parse does.
		if err := t.UnmarshalText([]byte(s)); err != nil {
			return moment{}, bad
		}
		if strings.ContainsAny(s, ".,") {
			return moment{}, fmt.Errorf("%s has a fraction of a second; %s", quote(s), momentHelp)
		}
		m = moment{formInstant, t.Unix()}
		t = t.UTC()
	}
	if t.Year() < minYear || t.Year() > maxYear {
		return moment{}, fmt.Errorf("%s lies outside the years 1970 to 2199; %s", quote(s), momentHelp)
	}
	return m, nil
}

// parseClock reads "HH:MM" into seconds since midnight; "24:00" is for ends only.
func parseClock(s string, end bool) (int64, error) {
	if s == "24:00" && end {
		return day, nil
	}
	t, err := time.Parse("15:04", s)
	if err != nil || t.Format("15:04") != s {
		last := `"23:59"`
		if end {
			last = `"24:00"`
		}
		return 0, fmt.Errorf(`%s is no time of day; allowed is "00:00" to %s in hours and minutes, for example "06:30"`, quote(s), last)
	}
	return int64(t.Hour()*60+t.Minute()) * 60, nil
}

// parseDay reads the name of a day of the week.
func parseDay(s string) (time.Weekday, bool) {
	for d := time.Sunday; d <= time.Saturday; d++ {
		if name := strings.ToLower(d.String()); s == name || s == name[:3] {
			return d, true
		}
	}
	return 0, false
}

// quote shows a value of the user's, cut where it would fill the screen.
func quote(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		return fmt.Sprintf("%q...", string(r[:most]))
	}
	return fmt.Sprintf("%q", s)
}
