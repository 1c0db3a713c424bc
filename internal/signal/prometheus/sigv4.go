package prometheus

import (
	"encoding/json"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/signal/strict"
	"github.com/sluice/terraform-provider-sluice/internal/target/contract/wire"
)

// readSigV4 reads what a signature is made of. The address is that of the workspace,
// so there is no other endpoint.
func readSigV4(into **awscloud.Settings) strict.Reader {
	return func(path string, raw json.RawMessage) field.Errors {
		settings := &awscloud.Settings{}
		*into = settings
		if err := wire.Decode(raw, settings); err != nil {
			return field.Errors{{Path: path, Msg: err.Error() + "; allowed are region, profile, assume_role and assume_role_with_web_identity, for example sigv4 = { region = \"eu-central-1\" }"}}
		}
		errs := settings.Validate()
		if settings.Endpoint != "" || settings.FIPS || settings.DualStack {
			errs = append(errs, field.Error{Path: "endpoint", Msg: "url says which endpoint is asked; leave endpoint, use_fips_endpoint and use_dualstack_endpoint out"})
		}
		return errs.Under(path)
	}
}
