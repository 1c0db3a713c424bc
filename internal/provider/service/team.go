package service

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/sluice/terraform-provider-sluice/internal/provider/definition"
)

// teamCheck refuses the empty team, which the domain takes to be none, and leaves
// the other names to it.
type teamCheck struct{}

// Description implements validator.String.
func (teamCheck) Description(ctx context.Context) string { return definition.Name().Description(ctx) }

// MarkdownDescription implements validator.String.
func (c teamCheck) MarkdownDescription(ctx context.Context) string { return c.Description(ctx) }

// ValidateString implements validator.String.
func (teamCheck) ValidateString(ctx context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() || req.ConfigValue.ValueString() != "" {
		return
	}
	definition.Name().ValidateString(ctx, req, resp)
}
