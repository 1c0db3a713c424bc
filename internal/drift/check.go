package drift

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// ObjectKind is the kind of the declared objects that are drift checks. Their
// content is a Check.
const ObjectKind = "drift_check"

// Mode says what follows from drift.
type Mode string

// The modes.
const (
	// ModeReport warns at plan, and changes nothing.
	ModeReport Mode = "report"
	// ModeFail makes plan and apply fail.
	ModeFail Mode = "fail"
	// ModeRemediate brings back what the ledger says, through a rollout of kind repair
	// that the gates let in.
	ModeRemediate Mode = "remediate"
)

// Modes lists the modes in the order of the documentation.
func Modes() []string { return []string{string(ModeReport), string(ModeFail), string(ModeRemediate)} }

// Check is the content of a declared drift check.
type Check struct {
	Name    string      `json:"name"`
	Release release.Key `json:"release"`
	// Mode is one of Modes; empty means ModeReport.
	Mode   Mode     `json:"mode,omitempty"`
	Ignore []Ignore `json:"ignore,omitempty"`
}

// Ignore lets one path differ for a while. Nobody may ignore for ever.
type Ignore struct {
	// Path is dotted, and covers what lies below it: "canary" covers "canary.weight".
	Path   string `json:"path"`
	Reason string `json:"reason"`
	// Expires is the first instant at which the entry no longer counts.
	Expires time.Time `json:"expires"`
}

// EffectiveMode is the mode with the default filled in.
func (c Check) EffectiveMode() Mode {
	if c.Mode == "" {
		return ModeReport
	}
	return c.Mode
}

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
		errs = append(errs, field.Error{Path: "mode", Msg: fmt.Sprintf("%q is not a mode; it must be report, fail or remediate, for example \"report\"", c.Mode)})
	}
	for n, i := range c.Ignore {
		errs = append(errs, i.validate().Under(fmt.Sprintf("ignore[%d]", n))...)
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

// covering returns the first entry that lets the path differ at an instant.
func covering(ignore []Ignore, path string, at time.Time) (Ignore, bool) {
	for _, i := range ignore {
		if (path == i.Path || strings.HasPrefix(path, i.Path+".")) && at.Before(i.Expires) {
			return i, true
		}
	}
	return Ignore{}, false
}

// Decode reads a check from the ledger and validates it. A field that this
// version does not know is an error: it could narrow what may be repaired.
func Decode(data []byte) (Check, error) {
	var c Check
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&c); err != nil {
		return Check{}, fmt.Errorf("unable to read a drift check: %w", err)
	}
	if dec.More() {
		return Check{}, errors.New("unable to read a drift check: more follows behind it")
	}
	if err := c.Validate().Err(); err != nil {
		return Check{}, fmt.Errorf("unable to read the drift check %q: %w", c.Name, err)
	}
	return c, nil
}
