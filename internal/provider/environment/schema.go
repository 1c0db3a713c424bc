// Package environment is sluice_environment: where services run.
package environment

import (
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/sluice/terraform-provider-sluice/internal/provider/choice"
	"github.com/sluice/terraform-provider-sluice/internal/provider/partial"
	"github.com/sluice/terraform-provider-sluice/internal/provider/tfconv"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

const description = "Where services run: its tier, its regions, and its place in the order of promotion. " +
	"Windows and other gates select releases by these.\n\n" +
	"An environment refuses to be deleted while a release in it is managed or a rollout is open."

func attributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"tier": schema.StringAttribute{
			Optional: true,
			MarkdownDescription: "How much depends on the environment: " + tfconv.OneOf(release.Tiers()) + ". " +
				"Windows can be scoped to a tier. Without one, no scope that names tiers matches. Example: `\"production\"`.",
			Validators: []validator.String{partial.String(choice.Of("tier", release.Tiers()))},
		},
		"regions": schema.ListAttribute{
			ElementType: types.StringType, Optional: true,
			MarkdownDescription: "The regions that belong to the environment, in the order in which they are released. Example: `[\"eu-central-1\"]`.",
		},
		"order": schema.Int64Attribute{
			Optional: true,
			MarkdownDescription: "The place in the order of promotion, a whole number from 0 on: artifacts go from smaller to greater numbers. " +
				"Default: 0. Example: `3`.",
		},
		"labels": schema.MapAttribute{
			ElementType: types.StringType, Optional: true,
			MarkdownDescription: "Labels that the scope of a window can ask for. Example: `{ team = \"payments\" }`.",
		},
	}
}
