package ics

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxDepth is how deep components may be nested; an alarm in an event is 3.
const maxDepth = 8

// normalise unfolds the lines, writes names of properties in upper case, and holds
// the file to its structure: one calendar, whole, each component closed. Readers
// of iCalendar, that of the library too, take a file that was cut off for a short
// one, and a name in lower case for one that does not matter. It counts the events.
func normalise(data []byte) (text string, events int, err error) {
	fail := func(format string, args ...any) (string, int, error) {
		return "", 0, fmt.Errorf("%w: "+format, append([]any{ErrFile}, args...)...)
	}
	if len(data) > MaxSize {
		return fail("it has %d bytes; at most %d are allowed", len(data), MaxSize)
	}
	data = bytes.TrimPrefix(data, []byte("\uFEFF"))
	if !utf8.Valid(data) || bytes.IndexByte(data, 0) >= 0 {
		return fail("it is not text in UTF-8; allowed is what RFC 5545 describes, from BEGIN:VCALENDAR to END:VCALENDAR")
	}
	var b strings.Builder
	var open []string
	closed := false
	for number, line := range unfold(string(data)) {
		if strings.TrimSpace(line) == "" {
			continue
		}
		name, rest := splitName(line)
		component := strings.ToUpper(strings.TrimSpace(strings.TrimPrefix(rest, ":")))
		switch {
		case closed:
			return fail("something follows END:VCALENDAR, at line %d after unfolding; give one calendar alone", number+1)
		case len(open) == 0 && (name != "BEGIN" || component != "VCALENDAR"):
			return fail("it does not begin with BEGIN:VCALENDAR")
		case name == "BEGIN":
			open = append(open, component)
			if len(open) > maxDepth {
				return fail("components are nested more than %d deep, at line %d after unfolding", maxDepth, number+1)
			}
			if component == "VEVENT" {
				events++
			}
			line = "BEGIN:" + component
		case name == "END":
			if open[len(open)-1] != component {
				return fail("END:%.20q closes BEGIN:%.20q, at line %d after unfolding", component, open[len(open)-1], number+1)
			}
			open = open[:len(open)-1]
			closed = len(open) == 0
			line = "END:" + component
		default:
			line = name + rest
		}
		b.WriteString(line + "\r\n")
	}
	switch {
	case !closed:
		return fail("it is cut off: END:VCALENDAR is missing")
	case events > MaxEvents:
		return fail("it has %d events; at most %d are allowed", events, MaxEvents)
	}
	return b.String(), events, nil
}

// unfold joins the lines that begin with a space or a tab to those before them
// (RFC 5545, 3.1). Line ends may be those of any system.
func unfold(text string) []string {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\n ", ""), "\n\t", "")
	return strings.Split(text, "\n")
}

// splitName splits a line before its parameters or its value.
func splitName(line string) (name, rest string) {
	end := strings.IndexAny(line, ":;")
	if end < 0 {
		return line, ""
	}
	return strings.ToUpper(line[:end]), line[end:]
}

// oneLine makes text fit for a reason: one line, printable, at most 200 characters.
func oneLine(s string) string {
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool {
		return unicode.IsSpace(r) || !unicode.IsGraphic(r) || unicode.In(r, unicode.Zl, unicode.Zp, unicode.Cf)
	}), " ")
	const most = 200
	if r := []rune(s); len(r) > most {
		return string(r[:most])
	}
	return s
}

// slug makes a part of a name: letters and digits in lower case, with dashes between.
func slug(s string) string {
	var b strings.Builder
	dash := false
	for _, r := range strings.ToLower(s) {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			dash = b.Len() > 0
			continue
		}
		if b.Len() >= 40 {
			break
		}
		if dash {
			b.WriteByte('-')
		}
		dash = false
		b.WriteRune(r)
	}
	return b.String()
}
