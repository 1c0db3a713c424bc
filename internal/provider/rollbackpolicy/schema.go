// Package rollbackpolicy is sluice_rollback_policy: when the engine may go back by
// itself, and how.
package rollbackpolicy

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/provider/choice"
	"github.com/sluice/terraform-provider-sluice/internal/provider/durationtype"
	"github.com/sluice/terraform-provider-sluice/internal/provider/partial"
	"github.com/sluice/terraform-provider-sluice/internal/provider/tfconv"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

const description = "When the engine may put the old artifact back by itself, how, and what must be sure of it before a rollout begins. A person's rollback is never held up by it.\n\n" +
	"Where the automatic rollback is switched off, or spent for the day, or a release is declared irreversible, a rollout that does harm pauses and waits for a person. " +
	"What a trigger that is off would have done is recorded with each look, and nothing follows from it; harm and failed health are never passed over: where they are off, the rollout pauses."

func attributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"automatic": schema.BoolAttribute{
			Optional:            true,
			MarkdownDescription: "Whether the engine may go back by itself when a trigger fires. Default: `true`.",
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
		"triggers": triggers(),
		"how": schema.StringAttribute{
			Optional: true,
			MarkdownDescription: "How the traffic goes back: " + tfconv.OneOf(release.Hows()) + ". `at_once` is for an old artifact that is kept warm. " +
				"`by_steps` lowers the weight through the strategy's steps, for an old arm that needs time to take its traffic again. A person's abort, an artifact that the target calls unhealthy " +
				"and a target that refuses always go at once. Default: `at_once`.",
			Validators: []validator.String{partial.String(choice.Of("way back", release.Hows()))},
		},
		"by_steps": schema.SingleNestedAttribute{
			Optional: true, MarkdownDescription: "Bounds a way back by steps.",
			Attributes: map[string]schema.Attribute{
				"each": duration(fmt.Sprintf("How long a weight stands on the way down. Default: `%s`. Example: `\"30s\"`.", field.FormatDuration(release.DefaultBackEach)), false),
				"within": duration(fmt.Sprintf("After how long the rest of the traffic goes back at once, whatever the step, at most `%s`. Default: `%s`. Example: `\"2m\"`.",
					field.FormatDuration(release.MaxBackWithin), field.FormatDuration(release.DefaultBackWithin)), false),
			},
		},
		"fast_track": schema.SingleNestedAttribute{
			Optional: true,
			MarkdownDescription: "Skips the steps below 100 % for an artifact that served here lately and was left for another one. It skips no gate, and not for an artifact that went back, that a person rolled back, " +
				"or that is quarantined. The attribute `steps` of a release stays as declared; the plan's warning says that they are skipped.",
			Attributes: map[string]schema.Attribute{
				"within": required(duration("How long ago the artifact may have served at the most. Example: `\"168h\"`.", false)),
			},
		},
		"keep_warm": duration("How long the old artifact is kept warm after 100 % at the least: a shorter `bake` is made longer by it. Default: the bake. Example: `\"30m\"`.", true),
		"require_rehearsal": schema.BoolAttribute{
			Optional: true,
			MarkdownDescription: "Whether the gate `rehearsal` lets a rollout begin only when the way back was found to be open: the old artifact is there and healthy, the path is possible, the capacity is enough, " +
				"and nothing is irreversible. What nobody can tell blocks too. Default: `false`, which shows the same findings and blocks nothing.",
		},
	}
}

// duration is an optional duration. With zeroOK, "0s" means none.
func duration(text string, zeroOK bool) schema.StringAttribute {
	check := durationtype.Positive()
	if zeroOK {
		check = durationtype.NotNegative()
	}
	return schema.StringAttribute{Optional: true, CustomType: durationtype.Type{}, MarkdownDescription: text, Validators: []validator.String{check}}
}

// required makes a duration required. That it is not zero the domain says, which also
// finds it missing from a definition that was written by hand.
func required(a schema.StringAttribute) schema.StringAttribute {
	a.Validators = []validator.String{durationtype.NotNegative()}
	a.Optional, a.Required = false, true
	return a
}
