package dependency

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sluice/terraform-provider-sluice/internal/calendar"
	"github.com/sluice/terraform-provider-sluice/internal/field"
)

func (c Check) in(phase Phase) bool { return len(c.When) == 0 || slices.Contains(c.When, phase) }

// Validate checks a declared external dependency. Paths are those of its fields in
// JSON, which are the attributes'.
func (e External) Validate() field.Errors {
	var errs field.Errors
	add := func(path, msg string) {
		if msg != "" {
			errs = append(errs, field.Error{Path: path, Msg: msg})
		}
	}
	add("name", nameProblem(e.Name))
	if n := utf8.RuneCountInString(e.Description); n > MaxDescription {
		add("description", fmt.Sprintf("the description has %d characters; at most %d are allowed, for example \"takes the card payments\"", n, MaxDescription))
	}
	if e.Team != "" {
		add("team", field.Name(e.Team))
	}
	add("contact", contactProblem(e))
	for i, c := range e.Checks {
		errs = append(errs, c.validate(e.Checks[:i]).Under(fmt.Sprintf("checks[%d]", i))...)
	}
	if len(e.Checks) > MaxChecks {
		add("checks", fmt.Sprintf("there are %d checks; at most %d are asked, for example one of its health", len(e.Checks), MaxChecks))
	}
	errs = append(errs, e.validateOverriders()...)
	return append(errs, e.validateMaintenance()...)
}

func nameProblem(name string) string {
	if n := utf8.RuneCountInString(name); n > MaxName {
		return fmt.Sprintf("the name has %d characters; at most %d are allowed, for example \"psp\"", n, MaxName)
	}
	return field.Name(name)
}

func contactProblem(e External) string {
	// Together they are the owner of the maintenance window.
	const most = 128
	switch n := utf8.RuneCountInString(e.Owner()); {
	case strings.ContainsFunc(e.Contact, func(r rune) bool { return r != ' ' && !unicode.IsGraphic(r) }):
		return "the contact has characters that cannot be printed; allowed is one line of text, for example \"psp-desk@example.com\""
	case n > most:
		return fmt.Sprintf("team and contact have %d characters together; at most %d are allowed, for example \"psp-desk@example.com\"", n, most)
	}
	return ""
}

func (c Check) validate(before []Check) field.Errors {
	errs := c.Check.Validate()
	if slices.ContainsFunc(before, func(other Check) bool { return other.Name == c.Name }) {
		errs = append(errs, field.Error{Path: "name", Msg: fmt.Sprintf("%q is there already; give each check a name of its own, for example \"status\"", c.Name)})
	}
	for i, phase := range c.When {
		path := fmt.Sprintf("when[%d]", i)
		switch {
		case !slices.Contains(Phases(), string(phase)):
			errs = append(errs, field.Error{Path: path, Msg: fmt.Sprintf("%q is not a phase; it must be before, during or after, for example \"before\"", phase)})
		case slices.Contains(c.When[:i], phase):
			errs = append(errs, field.Error{Path: path, Msg: fmt.Sprintf("%q is there already; name each phase once, for example [\"before\", \"during\"]", phase)})
		}
	}
	if c.When != nil && len(c.When) == 0 {
		errs = append(errs, field.Error{Path: "when", Msg: "the check would never be asked; leave it out for every phase, or name some, for example [\"before\"]"})
	}
	if c.Timeout.Std() > MaxTimeout {
		errs = append(errs, field.Error{Path: "timeout", Msg: fmt.Sprintf("%s is longer than a release waits for a dependency; at most %s are allowed, for example \"5s\"", c.Timeout, field.FormatDuration(MaxTimeout))})
	}
	if c.Attempts != 0 || c.Every != 0 {
		errs = append(errs, field.Error{Msg: "a check of a dependency is asked once at each look; leave attempts and every out, for example timeout = \"5s\""})
	}
	return errs
}

// validateMaintenance lets the calendar judge. What it says of the parts that the
// maintenance does not have is about the dependency itself, and said there.
func (e External) validateMaintenance() field.Errors {
	w, ok := e.Window()
	if !ok {
		return nil
	}
	w.Name, w.Owner, w.Scope.DependsOn, w.OverrideBy = "maintenance", "", nil, nil
	var errs field.Errors
	for _, f := range w.Validate() {
		errs = append(errs, field.Error{Path: f.Path, Msg: f.Msg})
	}
	return errs.Under("maintenance")
}

// validateOverriders lets the calendar judge the patterns.
func (e External) validateOverriders() field.Errors {
	w := calendar.Window{
		Name: "maintenance", Kind: calendar.Freeze, TimeZone: "UTC", OverrideBy: e.OverrideBy,
		Absolute: []calendar.Span{{StartsAt: "2026-01-01", EndsAt: "2026-01-01"}},
	}
	var errs field.Errors
	for _, f := range w.Validate() {
		errs = append(errs, field.Error{Path: f.Path, Msg: f.Msg})
	}
	return errs
}
