package release

import (
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/sluice/terraform-provider-sluice/internal/provider/choice"
	"github.com/sluice/terraform-provider-sluice/internal/provider/durationtype"
	"github.com/sluice/terraform-provider-sluice/internal/provider/tfconv"
	engine "github.com/sluice/terraform-provider-sluice/internal/release"
)

// progressType is the type of the attribute progress.
var progressType = types.ObjectType{AttrTypes: map[string]attrType{
	"summary": types.StringType, "weight": types.Float64Type, "step": types.Int64Type, "steps": types.Int64Type,
	"next_look_at": types.StringType, "continued_by": types.StringType, "reverts_at": types.StringType,
}}

// waitAttributes say how long an apply stays with a rollout, and who goes on.
func waitAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"wait": schema.StringAttribute{
			Optional: true,
			MarkdownDescription: "How long an apply stays with a rollout that goes forward: " + tfconv.OneOf(engine.Waits()) + ". " +
				"`step` returns when the step that the apply found is decided, and earlier when only time is missing, more than a minute of it. `started` returns when the rollout is opened and its first effect is in the record. " +
				"Both need `continued_by`. What goes back is driven to its end whatever this says. It may be changed at any time. Default: `complete`. Example: `\"step\"`.",
			Validators: []validator.String{choice.Of("wait", engine.Waits())},
		},
		"wait_at_most": schema.StringAttribute{
			Optional: true, CustomType: durationtype.Type{}, Validators: []validator.String{durationtype.Positive()},
			MarkdownDescription: "After how long an apply returns in any case, with the rollout open between two steps of its work: less than what the job lasts. Credentials that say when they end bound it too. " +
				"With `continued_by` that is no error; without, the apply fails and the next one goes on. The environment variable `SLUICE_WAIT_AT_MOST` bounds all releases of one run together, from its start. Default: no limit but `timeouts`. Example: `\"50m\"`.",
		},
		"continued_by": schema.SingleNestedAttribute{
			Optional: true,
			MarkdownDescription: "Who goes on with a rollout that an apply has left open; exactly one of `agent` and `every`. A short `wait` needs it, and an irreversible release must not have it, since that is never left without a driver. " +
				"It is frozen with a rollout, so an edit holds from the next one on.",
			Attributes: map[string]schema.Attribute{
				"agent": schema.BoolAttribute{
					Optional:            true,
					MarkdownDescription: "`sluice agent` does. An apply begins nothing unless it sees that an agent lives that drives this release. Example: `true`.",
				},
				"every": schema.StringAttribute{
					Optional: true, CustomType: durationtype.Type{}, Validators: []validator.String{durationtype.Positive()},
					MarkdownDescription: "A scheduled job does, `sluice continue` or another apply, so often at least. It must be shorter than the strategy's `revert_after`, after which the target goes back by itself. Example: `\"5m\"`.",
				},
			},
		},
	}
}

func progressAttribute() schema.Attribute {
	text := func(description string) schema.StringAttribute {
		return schema.StringAttribute{Computed: true, MarkdownDescription: description}
	}
	return schema.SingleNestedAttribute{
		Computed: true, MarkdownDescription: progressDescription,
		Attributes: map[string]schema.Attribute{
			"summary":      text(progressTexts["summary"]),
			"weight":       schema.Float64Attribute{Computed: true, MarkdownDescription: progressTexts["weight"]},
			"step":         schema.Int64Attribute{Computed: true, MarkdownDescription: progressTexts["step"]},
			"steps":        schema.Int64Attribute{Computed: true, MarkdownDescription: progressTexts["steps"]},
			"next_look_at": text(progressTexts["next_look_at"]),
			"continued_by": text(progressTexts["continued_by"]),
			"reverts_at":   text(progressTexts["reverts_at"]),
		},
	}
}

// What the resource and the data source say of the attribute progress.
const progressDescription = "Where the open rollout stood at the last look at the ledger, and who looks at it next. Null while none is open."

var progressTexts = map[string]string{
	"summary":      "All of it in one line: `progressing, 25 %, step 2 of 4, next look at 2026-03-02T09:05:00Z by the agent`.",
	"weight":       "The share of traffic on the new artifact in percent, 0 to 100; over many targets the share of those that serve it.",
	"step":         "The step that is walked, from 1 on; over many targets the wave.",
	"steps":        "How many there are.",
	"next_look_at": "By when whoever goes on looks next, RFC 3339 in UTC.",
	"continued_by": "Who goes on: `the agent`, `a job every 5m`, or `whoever applies next`.",
	"reverts_at":   "When the target goes back by itself unless somebody looks before, RFC 3339 in UTC. Null where no dead-man switch is armed.",
}
