package drift

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

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
	// ModeAccept takes the values that the author states for as good as the expected
	// ones, and reports every other difference.
	ModeAccept Mode = "accept"
)

// Modes lists the modes in the order of the documentation.
func Modes() []string {
	return []string{string(ModeReport), string(ModeFail), string(ModeRemediate), string(ModeAccept)}
}

// Scope says what a check that finds drift keeps from going forward.
type Scope string

// The scopes.
const (
	BlocksNothing     Scope = "nothing"
	BlocksRelease     Scope = "release"
	BlocksEnvironment Scope = "environment"
)

// Scopes lists the scopes; the first is the default.
func Scopes() []string {
	return []string{string(BlocksNothing), string(BlocksRelease), string(BlocksEnvironment)}
}

// NameOf is the name of a release's check: there is no sense in two. It has no
// slash, which no name may have.
func NameOf(key release.Key) string { return key.Service + "@" + key.Environment }

// Check is the content of a declared drift check.
type Check struct {
	Name    string      `json:"name"`
	Release release.Key `json:"release"`
	// Mode is one of Modes; empty means ModeReport.
	Mode   Mode     `json:"mode,omitempty"`
	Ignore []Ignore `json:"ignore,omitempty"`
	// Severity holds how much differences matter, by path. An entry covers what lies
	// below its path, and the closest one counts.
	Severity map[string]Severity `json:"severity,omitempty"`
	// Fields is what else of the target's observation is declared, by its paths.
	Fields map[string]Expectation `json:"fields,omitempty"`
	// Documents is what is declared outside of the target, by names of the author's.
	Documents map[string]Document `json:"documents,omitempty"`
	// SecurityGroups, Resources and Images are what is declared of AWS, by names of the
	// author's. All names are different, those of documents included.
	SecurityGroups map[string]SecurityGroup `json:"security_groups,omitempty"`
	Resources      map[string]Resource      `json:"resources,omitempty"`
	Images         map[string]Image         `json:"images,omitempty"`
	// Accepted holds the values that ModeAccept takes.
	Accepted []Acceptance `json:"accepted,omitempty"`
	// Blocks says what drift keeps from going forward; empty means BlocksNothing.
	Blocks Scope `json:"blocks,omitempty"`
}

// Acceptance is one value that the author takes for good.
type Acceptance struct {
	// Path is that of the difference, in full.
	Path string `json:"path"`
	// Value is what a report shows as observed, or SHA256 the digest that it gives, or
	// that of a value that nobody may see. Exactly one is set.
	Value  *string `json:"value,omitempty"`
	SHA256 string  `json:"sha256,omitempty"`
	Reason string  `json:"reason"`
}

func (a Acceptance) digest() string {
	if a.Value == nil {
		return bare(a.SHA256)
	}
	return hash(*a.Value)
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

// EffectiveBlocks is the scope with the default filled in.
func (c Check) EffectiveBlocks() Scope {
	if c.Blocks == "" {
		return BlocksNothing
	}
	return c.Blocks
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
