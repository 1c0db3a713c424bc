package lambda

import (
	"encoding/json"
	"fmt"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/pattern"
	"github.com/sluice/terraform-provider-sluice/internal/target/contract/wire"
)

// GrantConfig is what credentials for a rollout are asked for: target = { lambda = {...} }.
type GrantConfig struct {
	Function string `json:"function"`
	// Packages is what may be read of S3: "acme-builds/checkout/*"; empty for none, as
	// for images.
	Packages string `json:"packages,omitempty"`
}

// forward are the actions that bring new code up, and that no way back needs.
// UpdateAlias is not among them: IAM cannot tell a weight that goes up from one that
// goes down.
var forward = map[string]bool{"UpdateFunctionCode": true, "PublishVersion": true, "PutProvisionedConcurrencyConfig": true}

var packagesPattern = pattern.New(`^[a-z0-9][a-z0-9.-]{2,62}/[\x21-\x7e]{1,1000}$`)

// Grant implements awscloud.Granter: one action for each call that the client has, as
// in Policy.
func Grant(place awscloud.Place, raw json.RawMessage) (awscloud.Grant, field.Errors) {
	var c GrantConfig
	if err := wire.Decode(raw, &c); err != nil {
		return awscloud.Grant{}, field.Errors{{Msg: fmt.Sprintf("the lambda target cannot be read: %v; allowed are function and packages", err)}}
	}
	if errs := c.validate(); len(errs) > 0 {
		return awscloud.Grant{}, errs
	}
	g := awscloud.Grant{Full: statements(place, c, func(string) bool { return true })}
	c.Packages = ""
	g.ReadAndRevert = statements(place, c, func(operation string) bool { return !forward[operation] })
	return g, nil
}

func (c GrantConfig) validate() field.Errors {
	var errs field.Errors
	if !functionPattern.MatchString(c.Function) {
		errs = append(errs, field.Error{Path: "function", Msg: fmt.Sprintf("%.80q is not a function's name: 1 to 64 letters, digits, - and _, without account, region and version%s", c.Function, exampleFunction)})
	}
	if c.Packages != "" && !packagesPattern.MatchString(c.Packages) {
		errs = append(errs, field.Error{Path: "packages", Msg: fmt.Sprintf("%.80q does not name packages in S3: a bucket, a slash and a key, in which * stands for any text; for example \"acme-builds/checkout/*\"", c.Packages)})
	}
	return errs
}
