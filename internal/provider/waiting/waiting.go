// Package waiting is the attribute "timeouts" of the resources that wait for a
// rollout.
package waiting

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/sluice/terraform-provider-sluice/internal/provider/durationtype"
)

// Default bounds a create or an update when the author does not.
const Default = 2 * time.Hour

// Attribute makes the attribute. The module's own validator lets a negative time
// and none pass, and its message has no example, so ours takes its place.
func Attribute(ctx context.Context, description string, opts timeouts.Opts) schema.Attribute {
	a := timeouts.Attributes(ctx, opts)
	nested, ok := a.(schema.SingleNestedAttribute)
	if !ok {
		return a
	}
	nested.MarkdownDescription = description
	for name, inner := range nested.Attributes {
		if text, isText := inner.(schema.StringAttribute); isText {
			text.Validators = []validator.String{durationtype.Positive()}
			nested.Attributes[name] = text
		}
	}
	return nested
}
