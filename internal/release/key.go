package release

import (
	"fmt"
	"strings"

	"github.com/sluice/terraform-provider-sluice/internal/field"
)

// Key names a release: one service in one environment. With a Target it names the
// part of a release over many targets that concerns this one.
type Key struct {
	Service     string `json:"service"`
	Environment string `json:"environment"`
	// Target is empty but for a part of a release over many targets.
	Target string `json:"target,omitempty"`
}

// streamPrefix begins the names of the streams of releases.
const streamPrefix = "release/"

// ParseKey reads "service/environment", as import ids and the command line have it,
// or "service/environment/target".
func ParseKey(text string) (Key, error) {
	service, rest, ok := strings.Cut(text, "/")
	environment, target, more := strings.Cut(rest, "/")
	key := Key{Service: service, Environment: environment, Target: target}
	if !ok || more && target == "" {
		return Key{}, fmt.Errorf("%q does not name a release; it must be SERVICE/ENVIRONMENT, for example \"checkout/production\"", text)
	}
	if errs := key.Validate(); len(errs) > 0 {
		return Key{}, fmt.Errorf("%q does not name a release: %w; it must be SERVICE/ENVIRONMENT, for example \"checkout/production\"", text, errs)
	}
	return key, nil
}

// Validate checks both names.
func (k Key) Validate() field.Errors {
	var errs field.Errors
	if msg := field.Name(k.Service); msg != "" {
		errs = append(errs, field.Error{Path: "service", Msg: msg})
	}
	if msg := field.Name(k.Environment); msg != "" {
		errs = append(errs, field.Error{Path: "environment", Msg: msg})
	}
	if k.Target != "" {
		if msg := targetName(k.Target); msg != "" {
			errs = append(errs, field.Error{Path: "target", Msg: msg})
		}
	}
	return errs
}

// String gives "service/environment", and "service/environment/target" for a part.
func (k Key) String() string {
	if k.Target == "" {
		return k.Service + "/" + k.Environment
	}
	return k.Service + "/" + k.Environment + "/" + k.Target
}

// Whole is the key of the release that a part belongs to, and the key itself
// otherwise.
func (k Key) Whole() Key { return Key{Service: k.Service, Environment: k.Environment} }

// Part is the key of the release's part that concerns one target.
func (k Key) Part(name string) Key {
	return Key{Service: k.Service, Environment: k.Environment, Target: name}
}

// Stream is the name of the release's stream in the ledger.
func (k Key) Stream() string { return streamPrefix + k.String() }

// LeaseName is the name of the lease under which the release is driven. It is
// the stream's, so that whoever holds it is the one who may append.
func (k Key) LeaseName() string { return k.Stream() }
