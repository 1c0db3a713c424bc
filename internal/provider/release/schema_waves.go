package release

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/sluice/terraform-provider-sluice/internal/provider/durationtype"
	"github.com/sluice/terraform-provider-sluice/internal/provider/tfconv"
	engine "github.com/sluice/terraform-provider-sluice/internal/release"
)

// targetsAttribute lists the targets of a release over many.
func targetsAttribute() schema.ListNestedAttribute {
	target := targetAttribute()
	target.Required, target.Optional = true, false
	target.MarkdownDescription = "The runtime behind the service there. Exactly one driver is given, and no two targets are the same runtime."
	signals := signalsAttribute()
	signals.MarkdownDescription = "What counts requests and their failures there. Default: the release's `signals`."
	return schema.ListNestedAttribute{
		Optional: true,
		MarkdownDescription: "The runtimes of a release over many regions, cells or tenants, instead of `target`; `waves` says in which order and how many at once. " +
			"The list may change while no rollout is open: a new target is released to, and what serves at one that is taken out stays as it is. " +
			"Example: `[for cell in local.cells : { name = cell, target = { contract = { url = \"https://${cell}.example\" } } }]`.",
		NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
			"name": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: "What it is called, unique within the release: 1 to 64 letters, digits, dots, dashes or underscores, and no number. The command line takes `checkout/production/eu-1`. Example: `\"eu-1\"`.",
			},
			"region":  schema.StringAttribute{Optional: true, MarkdownDescription: "The only region that this target's gates are asked about, so that a freeze of one region holds its targets alone. Default: all regions of the environment. Example: `\"eu-central-1\"`."},
			"target":  target,
			"signals": signals,
		}},
	}
}

func wavesAttribute() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: "How a release goes over its `targets`. Each wave begins when all targets of the one before have ended and its soak was observed. " +
			"When more targets have failed than may, everything that was changed goes back, the newest first. An edit of it holds from the next rollout on.",
		Attributes: map[string]schema.Attribute{
			"order": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "In which order the targets come: " + tfconv.OneOf(engine.WaveOrders()) + ". `shuffled` is drawn for each rollout and kept in the ledger, so a restart goes on with the same order. Default: `declared`.",
			},
			"sizes": schema.ListAttribute{
				ElementType: types.Int64Type, Optional: true,
				MarkdownDescription: "How many targets the first waves have; the last size is repeated until no target is left. Default: `[1]`, one after the other. Example: `[1, 5, 20]`.",
			},
			"max_parallel": schema.Int64Attribute{
				Optional:            true,
				MarkdownDescription: fmt.Sprintf("How many targets of a wave may be under way at once, from 1 to %d. Default: `%d`.", engine.MaxParallelLimit, engine.DefaultMaxParallel),
			},
			"failure_budget": schema.Int64Attribute{
				Optional: true,
				MarkdownDescription: "How many targets may fail before everything goes back, from 0 to one less than there are. A target that failed within the budget goes back alone; the release then ends with an error that names it, " +
					"and the next apply tries only what failed. Default: `0`.",
			},
			"soak": schema.StringAttribute{
				Optional: true, CustomType: durationtype.Type{}, Validators: []validator.String{durationtype.NotNegative()},
				MarkdownDescription: "How long the targets that have the artifact are watched between two waves. Only time in which all of them could be seen counts. Default: `0s`. Example: `\"10m\"`.",
			},
		},
	}
}
