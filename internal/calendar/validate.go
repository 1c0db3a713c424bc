package calendar

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// FieldError says what is wrong with one field of a Window.
type FieldError struct {
	// Path is dotted and indexed with the JSON names, such as "weekly[0].from",
	// "scope.tiers[1]" or "scope.labels[\"team\"]"; empty for the window as a whole.
	Path string
	// Msg says what was wrong and what is allowed, with an example.
	Msg string
}

// Error joins path and message.
func (e FieldError) Error() string {
	if e.Path == "" {
		return e.Msg
	}
	return e.Path + ": " + e.Msg
}

// ErrInvalid is wrapped by every error about a window that does not validate.
var ErrInvalid = errors.New("invalid window")

// InvalidError names the window that does not validate, and why.
type InvalidError struct {
	Window string
	Fields []FieldError
}

// Error lists all fields.
func (e *InvalidError) Error() string {
	parts := make([]string, len(e.Fields))
	for i, field := range e.Fields {
		parts[i] = field.Error()
	}
	return fmt.Sprintf("window %s is invalid: %s", quote(e.Window), strings.Join(parts, "; "))
}

// Unwrap makes errors.Is(err, ErrInvalid) true.
func (e *InvalidError) Unwrap() error { return ErrInvalid }

// Validate returns everything that is wrong with the window, in the order of its
// fields; nothing for a valid one. It needs no instant: a window whose last
// occurrence has passed stays valid.
func (w Window) Validate() []FieldError {
	_, fields := compile(w)
	return fields
}

// problems collects field errors.
type problems []FieldError

func (p *problems) add(path, format string, args ...any) {
	*p = append(*p, FieldError{path, fmt.Sprintf(format, args...)})
}

// head validates what does not depend on the zone.
func (p *problems) head(w Window) {
	name := w.Name
	if w.Above != "" {
		name = strings.TrimPrefix(name, w.Above+"/")
	}
	if msg := nameProblem(name); msg != "" {
		p.add("name", "%s", msg)
	}
	if w.Kind != Allow && w.Kind != Freeze {
		p.add("kind", `%s is no kind of window; allowed are "allow" and "freeze", for example "freeze"`, quote(string(w.Kind)))
	}
	p.text("reason", w.Reason, 1000)
	p.text("owner", w.Owner, 128)
	p.text("regulation", w.Regulation, 128)
	p.overriders(w.OverrideBy)
	if !slices.Contains([]string{"", "low", "medium", "high", "critical"}, w.Severity) {
		p.add("severity", `%s is no severity; allowed are "low", "medium", "high" and "critical", for example "high"`, quote(w.Severity))
	}
	if w.DSTGap != "" && w.DSTGap != Shift && w.DSTGap != Skip {
		p.add("dst_gap", `%s is not allowed; allowed are "shift" and "skip", for example "shift"`, quote(string(w.DSTGap)))
	}
}

// overriders validates who may override.
func (p *problems) overriders(patterns []string) {
	if len(patterns) > MaxScope {
		p.add("override_by", "has %d entries; at most %d are allowed", len(patterns), MaxScope)
		return
	}
	for i, pattern := range patterns {
		path := fmt.Sprintf("override_by[%d]", i)
		if pattern == "" {
			p.add(path, `is empty; allowed is an actor, or a pattern of actors with "*" for any text, for example "*@sre.example"`)
		}
		p.text(path, pattern, 128)
	}
}

// zone validates and loads the time zone; nil when there is none.
func (p *problems) zone(name string) *zone {
	z, err := loadZone(name)
	if err == nil {
		return z
	}
	hint := ""
	switch meant := suggestZone(name); {
	case name == "":
		err = errors.New("is empty")
	case name == "Local":
		err = errors.New(`"Local" means another zone on each machine`)
	case meant != "":
		hint = fmt.Sprintf("; did you mean %q?", meant)
	case len(name) > 60:
		err = fmt.Errorf("%s is not the name of an IANA time zone", quote(name))
	}
	p.add("time_zone", `%v; allowed is an IANA name, for example "Europe/Berlin" or "UTC"%s`, err, hint)
	return nil
}

// text validates an optional line for people.
func (p *problems) text(path, s string, most int) {
	switch {
	case !utf8.ValidString(s) || strings.ContainsFunc(s, unprintable):
		p.add(path, `%s has characters that cannot be printed; allowed is one line of text, for example "peak trade"`, quote(s))
	case utf8.RuneCountInString(s) > most:
		p.add(path, `has %d characters; at most %d are allowed, for example "peak trade"`, utf8.RuneCountInString(s), most)
	}
}

// scope validates the names and labels.
func (p *problems) scope(s Scope) {
	for _, part := range []struct {
		path  string
		names []string
	}{{"scope.environments", s.Environments}, {"scope.tiers", s.Tiers}, {"scope.services", s.Services}, {"scope.regions", s.Regions}, {"scope.teams", s.Teams}, {"scope.depends_on", s.DependsOn}} {
		if len(part.names) > MaxScope {
			p.add(part.path, "has %d entries; at most %d are allowed", len(part.names), MaxScope)
			continue
		}
		for i, name := range part.names {
			path := fmt.Sprintf("%s[%d]", part.path, i)
			if msg := nameProblem(name); msg != "" {
				p.add(path, "%s", msg)
			} else if slices.Contains(part.names[:i], name) {
				p.add(path, `%s is given twice; name each once, for example ["one", "other"]`, quote(name))
			}
		}
	}
	if len(s.Labels) > MaxScope {
		p.add("scope.labels", "has %d entries; at most %d are allowed", len(s.Labels), MaxScope)
		return
	}
	for _, key := range slices.Sorted(maps.Keys(s.Labels)) {
		path := fmt.Sprintf("scope.labels[%q]", key)
		if key == "" || !utf8.ValidString(key) || strings.ContainsFunc(key, unprintable) {
			p.add(path, `%s is no label's key; allowed is printable text that is not empty, for example "team"`, quote(key))
		}
		p.text(path, s.Labels[key], 256)
	}
}

const nameHelp = `; allowed are 1 to 128 characters without "/" or control characters, for example "black-friday"`

// nameProblem says what is wrong with a name, or nothing.
func nameProblem(name string) string {
	switch n := utf8.RuneCountInString(name); {
	case name == "":
		return "is empty" + nameHelp
	case n > 128:
		return fmt.Sprintf("has %d characters%s", n, nameHelp)
	case strings.Contains(name, "/"):
		return quote(name) + " has a slash" + nameHelp
	case !utf8.ValidString(name) || strings.ContainsFunc(name, unprintable):
		return quote(name) + " has control characters" + nameHelp
	case strings.TrimSpace(name) != name:
		return quote(name) + " begins or ends with a space" + nameHelp
	}
	return ""
}

// unprintable holds control characters, and the invisible ones that can make one
// text look like another.
func unprintable(r rune) bool {
	return r != ' ' && !unicode.IsGraphic(r) || unicode.In(r, unicode.Zl, unicode.Zp, unicode.Cf)
}
