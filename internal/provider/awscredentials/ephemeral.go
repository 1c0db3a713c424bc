// Package awscredentials is the ephemeral resource sluice_aws_credentials: a role of
// AWS for one rollout.
package awscredentials

import (
	"context"
	"errors"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/grant"
	"github.com/sluice/terraform-provider-sluice/internal/provider/client"
	"github.com/sluice/terraform-provider-sluice/internal/provider/diags"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// Credentials is the ephemeral resource.
type Credentials struct {
	client *client.Client
}

var (
	_ ephemeral.EphemeralResourceWithConfigure      = (*Credentials)(nil)
	_ ephemeral.EphemeralResourceWithValidateConfig = (*Credentials)(nil)
)

// New makes the ephemeral resource.
func New() ephemeral.EphemeralResource { return &Credentials{} }

// Metadata implements ephemeral.EphemeralResource.
func (*Credentials) Metadata(_ context.Context, req ephemeral.MetadataRequest, resp *ephemeral.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_aws_credentials"
}

// Configure implements ephemeral.EphemeralResourceWithConfigure.
func (c *Credentials) Configure(_ context.Context, req ephemeral.ConfigureRequest, resp *ephemeral.ConfigureResponse) {
	known, wrong := client.From(req.ProviderData)
	if wrong != "" {
		resp.Diagnostics.AddError(client.Wrong, wrong)
	}
	c.client = known
}

const invalid = "Invalid credentials for a rollout"

// ValidateConfig implements ephemeral.EphemeralResourceWithValidateConfig.
func (*Credentials) ValidateConfig(ctx context.Context, req ephemeral.ValidateConfigRequest, resp *ephemeral.ValidateConfigResponse) {
	var m model
	if resp.Diagnostics.Append(req.Config.Get(ctx, &m)...); resp.Diagnostics.HasError() {
		return
	}
	_, errs := m.request(ctx)
	resp.Diagnostics.Append(diags.Fields(path.Empty(), invalid, errs)...)
}

// Open implements ephemeral.EphemeralResource. It is called at plan and at apply, and
// cannot tell which it is.
func (c *Credentials) Open(ctx context.Context, req ephemeral.OpenRequest, resp *ephemeral.OpenResponse) {
	var m model
	if resp.Diagnostics.Append(req.Config.Get(ctx, &m)...); resp.Diagnostics.HasError() {
		return
	}
	ask, errs := m.request(ctx)
	if resp.Diagnostics.Append(diags.Fields(path.Empty(), invalid, errs)...); resp.Diagnostics.HasError() {
		return
	}
	ask.Actor, ask.UserAgent, ask.Organisation = c.client.Actor, c.client.UserAgent(), string(c.client.Scopes.Scope)
	out, err := grant.Open(ctx, ask, c.engine)
	if err != nil {
		resp.Diagnostics.AddError("Unable to get credentials for "+ask.Key.String(), words(err))
		return
	}
	for _, w := range out.Warnings {
		resp.Diagnostics.AddWarning(w.Summary, w.Detail)
	}
	m.fill(out)
	resp.Diagnostics.Append(resp.Result.Set(ctx, m)...)
}

// engine opens the ledger that is there. A plan opens credentials, too, and creates no
// ledger.
func (c *Credentials) engine(ctx context.Context) (*release.Engine, error) {
	if c.client.Unknown {
		return nil, client.ErrUnknown
	}
	l, err := c.client.Existing(ctx)
	if err != nil {
		return nil, err
	}
	return c.client.Forecaster(l), nil
}

// words says what AWS refused, and what to do.
func words(err error) string {
	var e *awscloud.Error
	if !errors.As(err, &e) {
		return err.Error()
	}
	text := "What happened: " + strings.TrimSuffix(e.Error(), ".") + "."
	if e.Remedy != "" {
		text += "\nWhat to do: " + e.Remedy + "."
	}
	return text
}
