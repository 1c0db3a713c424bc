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
	errs = append(errs, c.validateDocuments()...)
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

func (c Check) validateDocuments() field.Errors {
	var errs field.Errors
	if len(c.Documents) > MaxDocuments {
		errs = append(errs, field.Error{Path: "documents", Msg: fmt.Sprintf("there are %d documents; a check reads at most %d, for example those of one service", len(c.Documents), MaxDocuments)})
	}
	taken := slices.Clone(reserved)
	for path := range c.Fields {
		first, _, _ := strings.Cut(path, ".")
		taken = append(taken, first)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Documents)) {
		switch {
		case !documentName.MatchString(name):
			errs = append(errs, field.Error{Path: "documents", Msg: fmt.Sprintf("%q is not a name of a document; it has letters, digits, - and _, for example \"settings\"", name)})
			continue
		case slices.Contains(taken, name):
			errs = append(errs, field.Error{Path: "documents", Msg: fmt.Sprintf("the name %q is that of a part of the target, so a path could mean both; take another, for example \"settings\"", name)})
			continue
		}
		errs = append(errs, c.Documents[name].validate().Under(fmt.Sprintf("documents[%q]", name))...)
	}
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
