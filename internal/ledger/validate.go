package ledger

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"unicode"
	"unicode/utf8"
)

// Limits of an entry, in bytes. They are such that every driver planned can keep
// them: an object's key, an index entry, a row.
const (
	// MaxStream is the greatest length of a stream's or a lease's name. Two names
	// of 128 characters, four bytes each, fit.
	MaxStream = 1200
	// MaxID is the greatest length of an entry's ID.
	MaxID = 200
	// MaxKind is the greatest length of a kind.
	MaxKind = 100
	// MaxText is the greatest length of actor, service and environment.
	MaxText = 600
	// MaxBody is the greatest length of a body: 4 MiB.
	MaxBody = 4 << 20
)

// ErrInvalid marks an entry, or a name, that no ledger takes. Nothing was
// written.
var ErrInvalid = errors.New("not valid for a ledger")

var kindPattern = regexp.MustCompile(`^[a-z0-9_]+(\.[a-z0-9_]+)*$`)

// Validate says whether a ledger can keep e. Every driver calls it first; what it
// refuses wraps ErrInvalid.
func (e Entry) Validate() error {
	if len(e.ID) < 1 || len(e.ID) > MaxID || !printable(e.ID) {
		return fmt.Errorf("the entry's id %.40q is %w: it has 1 to %d printable ASCII characters, for example \"rollout-3-opened\"", e.ID, ErrInvalid, MaxID)
	}
	if len(e.Kind) > MaxKind || !kindPattern.MatchString(e.Kind) {
		return fmt.Errorf("the entry's kind %.40q is %w: it has lower-case letters, digits and underscores, joined by dots, at most %d, for example \"rollout.opened\"", e.Kind, ErrInvalid, MaxKind)
	}
	if year := e.At.UTC().Year(); e.At.IsZero() || year < 1 || year > 9999 {
		return fmt.Errorf("the entry's time is %w: it is unset or outside the years 1 to 9999", ErrInvalid)
	}
	if e.Actor == "" {
		return fmt.Errorf("the entry's actor is %w: it is empty; somebody does everything, for example \"ci@acme\"", ErrInvalid)
	}
	for _, f := range [...]struct{ what, text string }{{"actor", e.Actor}, {"service", e.Service}, {"environment", e.Environment}} {
		if why := badText(f.text, MaxText); why != "" {
			return fmt.Errorf("the entry's %s %.40q is %w: it %s", f.what, f.text, ErrInvalid, why)
		}
	}
	if (e.Lease == "") != (e.Fence == 0) {
		return fmt.Errorf("the entry's lease %.40q with fence %d is %w: an entry has both, or neither", e.Lease, e.Fence, ErrInvalid)
	}
	if len(e.Body) > MaxBody {
		return fmt.Errorf("the entry's body of %d bytes is %w: it has at most %d", len(e.Body), ErrInvalid, MaxBody)
	}
	trimmed := bytes.TrimLeft(e.Body, " \t\r\n")
	if len(trimmed) == 0 || trimmed[0] != '{' || !json.Valid(e.Body) || !utf8.Valid(e.Body) {
		return fmt.Errorf("the entry's body is %w: it is one JSON object in UTF-8, for example {\"weight\":5}", ErrInvalid)
	}
	return nil
}

// ValidateName says whether name can be that of a stream or a lease. What it
// refuses wraps ErrInvalid.
func ValidateName(name string) error {
	if name == "" {
		return fmt.Errorf("the empty name is %w: a stream or lease has a name, for example \"release/checkout/production\"", ErrInvalid)
	}
	if why := badText(name, MaxStream); why != "" {
		return fmt.Errorf("the name %.40q of a stream or lease is %w: it %s", name, ErrInvalid, why)
	}
	return nil
}

// ValidateSwap says whether a lease may be replaced by next at all, before
// anybody looks at what it is now. What it refuses wraps ErrInvalid.
func ValidateSwap(current, next Lease) error {
	if err := ValidateName(next.Name); err != nil {
		return err
	}
	switch {
	case current.Name != next.Name:
		return fmt.Errorf("replacing the lease %q by %q is %w: the names differ", current.Name, next.Name, ErrInvalid)
	case next.Fence < current.Fence:
		return fmt.Errorf("the fence %d behind %d of the lease %q is %w: a fence never shrinks", next.Fence, current.Fence, next.Name, ErrInvalid)
	case next.TTL < 0:
		return fmt.Errorf("the term %s of the lease %q is %w: it is negative", next.TTL, next.Name, ErrInvalid)
	}
	if why := badText(next.Holder, MaxText); why != "" {
		return fmt.Errorf("the holder %.40q of the lease %q is %w: it %s", next.Holder, next.Name, ErrInvalid, why)
	}
	return nil
}

// badText says what is wrong with text, or nothing.
func badText(text string, limit int) string {
	if len(text) > limit {
		return fmt.Sprintf("has %d bytes, and may have %d", len(text), limit)
	}
	if !utf8.ValidString(text) {
		return "is not valid UTF-8"
	}
	for _, r := range text {
		if unicode.IsControl(r) {
			return fmt.Sprintf("contains the control character %U", r)
		}
	}
	return ""
}

// printable says whether s is printable ASCII, without space at all: an ID goes
// into keys and on command lines.
func printable(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
