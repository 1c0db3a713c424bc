// Package deploymentstrategy is sluice_deployment_strategy: how traffic moves from
// the old artifact to the new one.
package deploymentstrategy

import (
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/provider/choice"
	"github.com/sluice/terraform-provider-sluice/internal/provider/durationtype"
	"github.com/sluice/terraform-provider-sluice/internal/provider/partial"
	"github.com/sluice/terraform-provider-sluice/internal/provider/tfconv"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
)

const description = "How traffic moves from the old artifact to the new one, what is measured on the way, and what follows from it. " +
	"Exactly one of `canary`, `linear`, `all_at_once`, `blue_green` and `rolling` is given. What the target of a release cannot do " +
	"(`weights`, `cohorts`, `mirror`, `batches`) is an error at plan that names the capability.\n\n" +
	"An edit holds from the next rollout on: a rollout that is open keeps what it began with."

func attributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"canary":      canary(),
		"linear":      linear(),
		"all_at_once": schema.SingleNestedAttribute{Optional: true, Attributes: map[string]schema.Attribute{}, MarkdownDescription: "Moves all traffic in one step: `all_at_once = {}`."},
		"blue_green":  blueGreen(),
		"rolling":     rolling(),
		"bake": withDefault(0, duration(true, "How long the new artifact is watched at 100 % before the old one is let go. "+
			"Harm during that time still goes back. Default: `0s`. Example: `\"10m\"`.")),
		"analysis": analysis(),
		"on_inconclusive": schema.StringAttribute{
			Optional: true, Computed: true, Default: stringdefault.StaticString(string(strategy.Extend)),
			MarkdownDescription: "What happens when a step's deadline finds no verdict: " + tfconv.OneOf(strategy.OnInconclusiveChoices()) + ". " +
				"Default: `extend`, which extends the step once and then pauses.",
			Validators: []validator.String{partial.String(choice.Of("choice", strategy.OnInconclusiveChoices()))},
		},
		"max_unattended_weight": schema.Float64Attribute{
			Optional: true,
			MarkdownDescription: "The greatest share of traffic in percent, strictly between 0 and 100, that may stay on the new artifact when whoever drives the rollout dies, " +
				"on a target without a dead-man switch. Not given, such weights, batches and cohorts are refused at plan. Example: `10`.",
			Validators: []validator.Float64{partial.Float64(choice.Limits{Noun: "weight", Max: 100, Example: 10})},
		},
		"revert_after": withDefault(strategy.DefaultRevertAfter, duration(false, fmt.Sprintf("After how long without a sign of life the target goes back by itself, where it can. Default: `%s`. Example: `\"2m\"`.",
			field.FormatDuration(strategy.DefaultRevertAfter)))),
		"prepare_timeout": withDefault(strategy.DefaultPrepareTimeout, duration(false, fmt.Sprintf("How long a new artifact may take to become healthy before it gets traffic. Default: `%s`. Example: `\"5m\"`.",
			field.FormatDuration(strategy.DefaultPrepareTimeout)))),
	}
}

// withDefault makes the default visible in plan and state, so that an imported
// strategy and a written one are the same.
func withDefault(d time.Duration, a schema.StringAttribute) schema.StringAttribute {
	a.Computed, a.Default = true, stringdefault.StaticString(field.FormatDuration(d))
	return a
}

// duration is an optional duration. With zeroOK, "0s" means none.
func duration(zeroOK bool, text string) schema.StringAttribute {
	check := durationtype.Positive()
	if zeroOK {
		check = durationtype.NotNegative()
	}
	return schema.StringAttribute{
		Optional: true, CustomType: durationtype.Type{}, MarkdownDescription: text, Validators: []validator.String{check},
	}
}
