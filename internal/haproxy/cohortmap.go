package haproxy

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// Map is a map of HAProxy, as it is while it runs.
type Map struct {
	// Loaded is whether the configuration names a map of this name.
	Loaded  bool
	Entries []Entry
}

// Entry is one line of a map.
type Entry struct{ Key, Value string }

// parseMap reads "show map NAME": a line for each entry, with a reference, the key
// and the value.
func parseMap(text string) Map {
	if strings.HasPrefix(strings.TrimSpace(text), "Unknown map") {
		return Map{}
	}
	m := Map{Loaded: true}
	for line := range strings.Lines(text) {
		if fields := strings.SplitN(strings.TrimSpace(line), " ", 3); len(fields) == 3 {
			m.Entries = append(m.Entries, Entry{Key: fields[1], Value: fields[2]})
		}
	}
	return m
}

// A cohort is one entry of a map that is looked up with all of a request's headers
// (req.hdrs, whose names are in small letters) by regular expressions (map_reg).
// So one line of haproxy.cfg serves whatever header or cookie a strategy names. A
// semicolon would end a command, so it stands as its code.
const (
	headerBegin = `(^|\n)`
	headerColon = `:\x20`
	headerEnd   = `\r?(\n|$)`
	cookieBegin = `(^|\n)cookie:\x20([^\r\n]*\x3b\x20*)?`
	cookieEnd   = `\x20*(\x3b|\r|\n|$)`
)

// CohortEntry is the entry that sends a cohort to a group.
func CohortEntry(c target.Cohort, g Group) Entry {
	if c.Header != "" {
		return Entry{headerBegin + quote(strings.ToLower(c.Header)) + headerColon + quote(c.Value) + headerEnd, string(g)}
	}
	return Entry{cookieBegin + quote(c.Cookie) + "=" + quote(c.Value) + cookieEnd, string(g)}
}

// Cohort reads an entry that CohortEntry made. Anything else is not one.
func (e Entry) Cohort() (c target.Cohort, g Group, ok bool) {
	if e.Value != string(Blue) && e.Value != string(Green) {
		return c, "", false
	}
	if inner, is := within(e.Key, cookieBegin, cookieEnd); is {
		name, value, _ := strings.Cut(inner, "=")
		c = target.Cohort{Cookie: unquote(name), Value: unquote(value)}
	} else if inner, is := within(e.Key, headerBegin, headerEnd); is {
		name, value, _ := strings.Cut(inner, headerColon)
		c = target.Cohort{Header: unquote(name), Value: unquote(value)}
	}
	g = Group(e.Value)
	return c, g, len(c.Validate()) == 0 && CohortEntry(c, g) == e
}

func within(text, begin, end string) (string, bool) {
	inner, begins := strings.CutPrefix(text, begin)
	inner, ends := strings.CutSuffix(inner, end)
	return inner, begins && ends
}

// quote makes a text match itself only. What is not a letter, a digit or a dash
// becomes \x and its code, so that neither the expression nor the line of commands
// sees anything special.
func quote(text string) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_':
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, `\x%02x`, c)
		}
	}
	return b.String()
}

var escape = regexp.MustCompile(`\\x[0-9a-f]{2}`)

func unquote(text string) string {
	return escape.ReplaceAllStringFunc(text, func(s string) string {
		n, err := strconv.ParseUint(s[2:], 16, 8)
		if err != nil {
			return s
		}
		return string([]byte{byte(n)})
	})
}

// SetMap gives the commands that make a map hold exactly these entries.
func SetMap(name string, entries []Entry) []string {
	commands := []string{"clear map " + name}
	for _, e := range entries {
		// The command line takes one backslash of two.
		commands = append(commands, fmt.Sprintf("add map %s %s %s", name, strings.ReplaceAll(e.Key, `\`, `\\`), e.Value))
	}
	return commands
}

// MapFile is the content of a map's file that holds these entries.
func MapFile(entries []Entry) string {
	var b strings.Builder
	for _, e := range entries {
		fmt.Fprintln(&b, e.Key, e.Value)
	}
	return b.String()
}
