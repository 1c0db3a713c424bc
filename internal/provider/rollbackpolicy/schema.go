// Package rollbackpolicy is sluice_rollback_policy: when the engine may go back by
// itself.
package rollbackpolicy

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/sluice/terraform-provider-sluice/internal/provider/choice"
	"github.com/sluice/terraform-provider-sluice/internal/provider/partial"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

const description = "When the engine may put the old artifact back by itself. A person's rollback is never held up by it.\n\n" +
	"Where the automatic rollback is switched off, or spent for the day, a rollout that does harm pauses and waits for a person."

func attributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"automatic": schema.BoolAttribute{
			Optional:            true,
			MarkdownDescription: "Whether the engine may go back by itself when the judge says harm. Default: `true`.",
		},
		"during_bake": schema.BoolAttribute{
			Optional:            true,
			MarkdownDescription: "Whether it may do so after 100 % as well, while the new artifact bakes. Default: `true`.",
		},
		"max_per_day": schema.Int64Attribute{
			Optional: true,
			MarkdownDescription: fmt.Sprintf("After how many automatic rollbacks of a release within 24 hours the next one pauses instead, from 1 to 100. "+
				"Default: %d. Example: `1`.", release.DefaultMaxPerDay),
			Validators: []validator.Int64{partial.Int64(choice.Limits{Noun: "limit", Min: 1, Max: 100, Example: 3})},
		},
	}
}
