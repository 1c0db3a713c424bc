package drift

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/sluice/terraform-provider-sluice/internal/field"
)

var pathPattern = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$`)

// Validate checks a declared drift check. It needs no clock: an entry that has
// expired stays valid and counts for nothing.
func (c Check) Validate() field.Errors {
	var errs field.Errors
	if msg := field.Name(c.Name); msg != "" {
		errs = append(errs, field.Error{Path: "name", Msg: msg})
	}
	errs = append(errs, c.Release.Validate().Under("release")...)
	if c.Mode != "" && !slices.Contains(Modes(), string(c.Mode)) {
		errs = append(errs, field.Error{Path: "mode", Msg: fmt.Sprintf("%q is not a mode; it must be report, fail, remediate or accept, for example \"report\"", c.Mode)})
	}
	for n, i := range c.Ignore {
		errs = append(errs, i.validate().Under(fmt.Sprintf("ignore[%d]", n))...)
	}
	errs = append(errs, c.validateSeverity()...)
	errs = append(errs, expectations("fields", c.Fields)...)
	errs = append(errs, c.validateDeclared()...)
	return append(errs, c.validateAccepted()...)
}

func (c Check) validateSeverity() field.Errors {
	var errs field.Errors
	if c.Blocks != "" && !slices.Contains(Scopes(), string(c.Blocks)) {
		errs = append(errs, field.Error{Path: "blocks", Msg: fmt.Sprintf("%q is not a scope; it must be nothing, release or environment, for example \"release\"", c.Blocks)})
	}
	for _, path := range slices.Sorted(maps.Keys(c.Severity)) {
		at := fmt.Sprintf("severity[%q]", path)
		if !pathPattern.MatchString(path) {
			errs = append(errs, field.Error{Path: "severity", Msg: fmt.Sprintf("%q is not a path; it has names joined by dots, for example %q", path, PathWeight)})
		}
		if c.Severity[path].rank() < 0 {
			errs = append(errs, field.Error{Path: at, Msg: fmt.Sprintf("%q is no severity; it must be low, medium or high, for example \"high\"", c.Severity[path])})
		}
	}
	return errs
}

// validateDeclared checks what is declared outside of the target. The names begin the
// paths of findings, so no two things have the same.
func (c Check) validateDeclared() field.Errors {
	var errs field.Errors
	taken := map[string]string{}
	for _, name := range reserved {
		taken[name] = "a part of the target"
	}
	for path := range c.Fields {
		first, _, _ := strings.Cut(path, ".")
		taken[first] = "a part of the target"
	}
	add := func(attribute, what string, most, n int, names []string, validate func(name string) field.Errors) {
		if n > most {
			errs = append(errs, field.Error{Path: attribute, Msg: fmt.Sprintf("there are %d %ss; a check reads at most %d, for example those of one service", n, what, most)})
		}
		for _, name := range names {
			switch other := taken[name]; {
			case !documentName.MatchString(name):
				errs = append(errs, field.Error{Path: attribute, Msg: fmt.Sprintf("%q is not a name of a %s; it has letters, digits, - and _, for example \"settings\"", name, what)})
				continue
			case other != "":
				errs = append(errs, field.Error{Path: attribute, Msg: fmt.Sprintf("the name %q is that of %s, so a path could mean both; take another, for example \"settings\"", name, other)})
				continue
			}
			taken[name] = "a " + what
			errs = append(errs, validate(name).Under(fmt.Sprintf("%s[%q]", attribute, name))...)
		}
	}
	add("documents", "document", MaxDocuments, len(c.Documents), slices.Sorted(maps.Keys(c.Documents)), func(name string) field.Errors { return c.Documents[name].validate() })
	add("security_groups", "security group", MaxGroups, len(c.SecurityGroups), slices.Sorted(maps.Keys(c.SecurityGroups)), func(name string) field.Errors { return c.SecurityGroups[name].validate() })
	add("resources", "resource", MaxResources, len(c.Resources), slices.Sorted(maps.Keys(c.Resources)), func(name string) field.Errors { return c.Resources[name].validate() })
	add("images", "image", MaxImages, len(c.Images), slices.Sorted(maps.Keys(c.Images)), func(name string) field.Errors { return c.Images[name].validate() })
	return errs
}

func (c Check) validateAccepted() field.Errors {
	var errs field.Errors
	switch {
	case c.EffectiveMode() == ModeAccept && len(c.Accepted) == 0:
		errs = append(errs, field.Error{Path: "accepted", Msg: "mode accept accepts what is stated here, and nothing is; " + acceptExample})
	case c.EffectiveMode() != ModeAccept && len(c.Accepted) > 0:
		errs = append(errs, field.Error{Path: "accepted", Msg: "values are accepted in mode accept alone; leave them out, or set the mode, for example mode = \"accept\""})
	}
	for n, a := range c.Accepted {
		errs = append(errs, a.validate().Under(fmt.Sprintf("accepted[%d]", n))...)
	}
	return errs
}

const acceptExample = "for example accepted = [{ path = \"baseline.weight\", value = \"70 %\", reason = \"agreed in incident 7\" }]"

func (a Acceptance) validate() field.Errors {
	var errs field.Errors
	if !pathPattern.MatchString(a.Path) {
		errs = append(errs, field.Error{Path: "path", Msg: fmt.Sprintf("%q is not a path; it has names joined by dots, for example %q", a.Path, PathWeight)})
	}
	if strings.TrimSpace(a.Reason) == "" {
		errs = append(errs, field.Error{Path: "reason", Msg: "the reason is empty; say why this is accepted, for example \"agreed in incident 7\""})
	}
	switch {
	case (a.Value == nil) == (a.SHA256 == ""):
		errs = append(errs, field.Error{Msg: "exactly one of value and sha256 says what is accepted; " + acceptExample})
	case a.Value != nil && (*a.Value == Unknown || *a.Value == ""):
		errs = append(errs, field.Error{Path: "value", Msg: "what nobody could see cannot be accepted; state a value, for example \"70 %\""})
	case a.SHA256 != "" && !hashPattern.MatchString(a.SHA256):
		errs = append(errs, field.Error{Path: "sha256", Msg: "this is not a SHA-256 hash" + hashExample})
	}
	return errs
}

func (i Ignore) validate() field.Errors {
	var errs field.Errors
	if !pathPattern.MatchString(i.Path) {
		errs = append(errs, field.Error{Path: "path", Msg: fmt.Sprintf("%q is not a path; it has names joined by dots, for example %q", i.Path, PathWeight)})
	}
	if strings.TrimSpace(i.Reason) == "" {
		errs = append(errs, field.Error{Path: "reason", Msg: "the reason is empty; say why this may differ, for example \"scaled by hand during the incident\""})
	}
	if i.Expires.IsZero() {
		errs = append(errs, field.Error{Path: "expires", Msg: "the end is missing; nothing is ignored for ever, for example \"2026-12-01T00:00:00Z\""})
	}
	return errs
}
