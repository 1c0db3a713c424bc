// Package override is a person's word that one payload may go forward in one
// environment although a change window is closed: with an author, a reason and an
// end, and never for more than it names.
package override

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/calendar"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/scope"
)

// MaxFor is the longest time that an override lasts.
const MaxFor = 24 * time.Hour

// ErrInvalid is wrapped by what Record and Withdraw refuse before they write.
var ErrInvalid = errors.New("not a valid override")

// Override lets one payload of one release through one window.
type Override struct {
	Service     string `json:"service"`
	Environment string `json:"environment"`
	// Digest is the payload's key: the artifact's digest, and behind a plus sign the
	// configuration's where there is one.
	Digest string `json:"digest"`
	// Window is the name of the window.
	Window string `json:"window"`
	// Reason and By say why and who; neither may be empty.
	Reason string `json:"reason"`
	By     string `json:"by"`
	// At is when it was recorded, and Expires the first instant at which it no
	// longer holds, at most MaxFor later.
	At      time.Time `json:"at"`
	Expires time.Time `json:"expires"`
	// Withdrawn is set when somebody took it back.
	Withdrawn *Withdrawal `json:"withdrawn,omitempty"`

	// Above is the organisational scope in whose ledger it stands, where that lies above
	// the one that asks; no JSON has it. It opens windows of that scope and no other.
	Above scope.Path `json:"-"`
}

// Names says whether the override is of a window: one of the scope in whose ledger it
// was recorded. What is recorded in a lower one opens nothing of a higher one, whatever
// name it gives.
func (o Override) Names(w calendar.Window) bool {
	return string(o.Above) == w.Above && w.Name == o.Above.Name(o.Window)
}

// Withdrawal says who took an override back, when and why.
type Withdrawal struct {
	By     string    `json:"by"`
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
}

// Key names the release.
func (o Override) Key() release.Key {
	return release.Key{Service: o.Service, Environment: o.Environment}
}

// InForce says whether the override holds at an instant. It does from the moment it
// can be read, so that two clocks need not agree on its beginning.
func (o Override) InForce(at time.Time) bool { return o.Withdrawn == nil && at.Before(o.Expires) }

// Lift is what the override does to its window, as seen at an instant.
func (o Override) Lift(at time.Time) calendar.Lift {
	from := o.At
	if at.Before(from) {
		from = at
	}
	return calendar.Lift{Window: o.Above.Name(o.Window), From: from.Truncate(time.Second), Until: o.Expires}
}

// same says whether two are about the same payload and window.
func (o Override) same(other Override) bool {
	return o.Key() == other.Key() && o.Digest == other.Digest && o.Window == other.Window
}

var digestKey = regexp.MustCompile(`^sha256:[0-9a-f]{64}(\+sha256:[0-9a-f]{64})?$`)

// IsDigest says whether text is the key of a payload, in full.
func IsDigest(text string) bool { return digestKey.MatchString(text) }

const example = `, for example: sluice override checkout/production --digest sha256:9f2c... --window black-friday --reason "checkout is down" --expires 2h`

// validate says what is wrong with an override.
func (o Override) validate() error {
	switch errs := o.Key().Validate(); {
	case len(errs) > 0:
		return fmt.Errorf("%w: %s", ErrInvalid, errs.Error())
	case !IsDigest(o.Digest):
		return fmt.Errorf(`%w: %q is no digest of a payload; allowed are "sha256:" and 64 hexadecimal digits, and behind a plus sign those of the configuration where the release has one%s`, ErrInvalid, o.Digest, example)
	case o.Window == "":
		return fmt.Errorf("%w: no window is named; sluice gates %s says which one is closed%s", ErrInvalid, o.Key(), example)
	case strings.TrimSpace(o.Reason) == "":
		return fmt.Errorf("%w: it has no reason, which everybody who reads the record wants to know%s", ErrInvalid, example)
	case o.By == "":
		return fmt.Errorf("%w: nobody is named as its author, for example \"kim@acme\"", ErrInvalid)
	case !o.Expires.After(o.At):
		return fmt.Errorf("%w: it would end at %s, which is not after %s; give an end that lies ahead%s", ErrInvalid, stamp(o.Expires), stamp(o.At), example)
	case o.Expires.Sub(o.At) > MaxFor:
		return fmt.Errorf("%w: it would last until %s, longer than the %d hours that are allowed; give a shorter one, and record another when it has ended%s", ErrInvalid, stamp(o.Expires), int(MaxFor.Hours()), example)
	case o.Withdrawn != nil && (o.Withdrawn.By == "" || strings.TrimSpace(o.Withdrawn.Reason) == ""):
		return fmt.Errorf("%w: it is withdrawn without an author or a reason", ErrInvalid)
	}
	return nil
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04Z") }
