// Package lambda is the target driver for functions of AWS Lambda behind an alias:
// it publishes versions, and moves the alias's weights from one to the other.
//
// Every change of traffic is one UpdateAlias with the revision that was read, which
// Lambda refuses when somebody else was quicker. What must be remembered between
// calls (the fence, the arms at weight 0 and 100, the keys carried out) stands in
// the alias's description, so that it changes together with the weights or not at
// all.
package lambda

import (
	"encoding/json"
	"fmt"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/pattern"
	"github.com/sluice/terraform-provider-sluice/internal/target/contract/wire"
)

// Config is what an author writes: target = { lambda = {...} }. It holds no secret.
type Config struct {
	awscloud.Settings
	// Function is the function's name, without account and version.
	Function string `json:"function"`
	// Alias is what users invoke. It must exist.
	Alias string `json:"alias"`
	// ProvisionedConcurrency is how many instances of a new version are kept ready,
	// from before its first request until it is out again; 0 for none.
	ProvisionedConcurrency int32 `json:"provisioned_concurrency,omitempty"`
}

const (
	maxConcurrency = 100000

	exampleFunction = "; for example \"checkout\""
	exampleAlias    = "; for example \"live\""
)

var (
	functionPattern = pattern.New(`^[a-zA-Z0-9_-]{1,64}$`)
	aliasPattern    = pattern.New(`^[a-zA-Z0-9_-]{1,128}$`)
	numberPattern   = pattern.New(`^[0-9]+$`)
)

// Validate checks a configuration without touching anything.
func Validate(raw json.RawMessage) field.Errors { return wire.Validate(raw, parse, Config.validate) }

func parse(raw json.RawMessage) (Config, error) {
	return wire.Parse[Config](raw, Name, "function, alias, provisioned_concurrency, region, profile, assume_role, assume_role_with_web_identity, use_fips_endpoint, use_dualstack_endpoint and endpoint")
}

func (c Config) validate() field.Errors {
	var errs field.Errors
	add := func(path, format string, args ...any) {
		errs = append(errs, field.Error{Path: path, Msg: fmt.Sprintf(format, args...)})
	}
	switch {
	case c.Function == "":
		add("function", "the function's name is missing%s", exampleFunction)
	case !functionPattern.MatchString(c.Function):
		add("function", "%.80q is not a function's name: 1 to 64 letters, digits, - and _, without account, region and version, which the credentials, region and alias say%s", c.Function, exampleFunction)
	}
	switch {
	case c.Alias == "":
		add("alias", "the alias is missing; users must invoke the function by an alias, since only an alias can send a share of them to another version%s", exampleAlias)
	case c.Alias == latest:
		add("alias", "$LATEST is not an alias, and cannot send a share of the traffic to another version; create an alias of a published version, and let users invoke that%s", exampleAlias)
	case !aliasPattern.MatchString(c.Alias) || numberPattern.MatchString(c.Alias):
		add("alias", "%.80q is not an alias: 1 to 128 letters, digits, - and _, and not a number, which would be a version%s", c.Alias, exampleAlias)
	}
	if c.ProvisionedConcurrency < 0 || c.ProvisionedConcurrency > maxConcurrency {
		add("provisioned_concurrency", "%d is not from 0, for none, to %d", c.ProvisionedConcurrency, maxConcurrency)
	}
	return append(errs, c.Settings.Validate()...)
}
