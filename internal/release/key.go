package release

import (
	"fmt"
	"strings"

	"github.com/sluice/terraform-provider-sluice/internal/field"
)

// Key names a release: one service in one environment.
type Key struct {
	Service     string `json:"service"`
	Environment string `json:"environment"`
}

// streamPrefix begins the names of the streams of releases.
const streamPrefix = "release/"

// ParseKey reads "service/environment", as import ids and the command line have it.
func ParseKey(text string) (Key, error) {
	service, environment, ok := strings.Cut(text, "/")
	key := Key{Service: service, Environment: environment}
	if !ok {
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
	return errs
}

// String gives "service/environment".
func (k Key) String() string { return k.Service + "/" + k.Environment }

// Stream is the name of the release's stream in the ledger.
func (k Key) Stream() string { return streamPrefix + k.String() }

// LeaseName is the name of the lease under which the release is driven. It is
// the stream's, so that whoever holds it is the one who may append.
func (k Key) LeaseName() string { return k.Stream() }
