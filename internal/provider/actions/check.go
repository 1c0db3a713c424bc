package actions

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// releaseCheck checks the id of a release.
type releaseCheck struct{}

// Description implements validator.String.
func (releaseCheck) Description(context.Context) string { return "SERVICE/ENVIRONMENT" }

// MarkdownDescription implements validator.String.
func (c releaseCheck) MarkdownDescription(ctx context.Context) string { return c.Description(ctx) }

// ValidateString implements validator.String.
func (releaseCheck) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if _, err := release.ParseKey(req.ConfigValue.ValueString()); err != nil {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid release", err.Error())
	}
}

// reasonCheck refuses an empty reason: the record of what a person did says why.
type reasonCheck struct{ example string }

// Description implements validator.String.
func (reasonCheck) Description(context.Context) string { return "a text that is not empty" }

// MarkdownDescription implements validator.String.
func (c reasonCheck) MarkdownDescription(ctx context.Context) string { return c.Description(ctx) }

// ValidateString implements validator.String.
func (c reasonCheck) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() || strings.TrimSpace(req.ConfigValue.ValueString()) != "" {
		return
	}
	resp.Diagnostics.AddAttributeError(req.Path, "The reason is empty", fmt.Sprintf("The record says why somebody acted, so the reason may not be empty; for example %q.", c.example))
}
