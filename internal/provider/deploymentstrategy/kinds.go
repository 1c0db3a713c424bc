package deploymentstrategy

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/sluice/terraform-provider-sluice/internal/check"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/provider/choice"
	"github.com/sluice/terraform-provider-sluice/internal/provider/httpcheck"
	"github.com/sluice/terraform-provider-sluice/internal/provider/partial"
	"github.com/sluice/terraform-provider-sluice/internal/provider/percenttype"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
)

const (
	atLeastText = "How long the step must have been observed before it may pass. Default: `0s`. Example: `\"1m\"`."
	atMostText  = "After how long without a verdict the step is inconclusive. Default: `30m`, or five times `at_least` where that is longer."
)

func canary() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Optional: true, MarkdownDescription: "Walks its steps, one after the other.",
		Attributes: map[string]schema.Attribute{
			"steps": schema.ListNestedAttribute{
				Required: true,
				MarkdownDescription: fmt.Sprintf("1 to %d steps. Exactly one of `weight`, `cohort`, `mirror`, `pause` and `check` is given in each. The weights increase, and the last step is the weight 100. "+
					"The function `canary_steps` writes steps from a list of weights.", strategy.MaxSteps),
				NestedObject: schema.NestedAttributeObject{Attributes: stepAttributes()},
			},
		},
	}
}

func stepAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"weight": schema.Float64Attribute{
			Optional: true, MarkdownDescription: "The new artifact's share of traffic, above 0 and at most 100 %. Example: `5`.",
		},
		"cohort": cohort("Sends the requests that match to the new artifact, whatever the weight is. It stays until 100 %, or until another cohort."),
		"mirror": schema.Float64Attribute{
			Optional: true,
			MarkdownDescription: "Copies this share of the requests, above 0 and at most 100 %, to the new artifact and throws its answers away. " +
				"It ends with the next step that moves traffic. Only for requests that may be made twice. Example: `10`.",
		},
		"pause": waits("Stays where the step before is; harm still goes back."),
		"check": schema.SingleNestedAttribute{
			Optional: true, Attributes: checkAttributes(),
			MarkdownDescription: "Asks the new artifact over HTTP, and stays where the step before is. A check that does not pass in its attempts goes back, and the artifact is quarantined. " +
				"An answer that does not come is no pass.",
		},
		"at_least": duration(true, atLeastText+" Only in steps that move traffic."),
		"at_most":  duration(false, atMostText+" Only in steps that move traffic."),
	}
}

func cohort(text string) schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Optional:            true,
		MarkdownDescription: text + " Example: `{ header = \"X-Canary\", value = \"internal\" }`.",
		Attributes: map[string]schema.Attribute{
			"header": schema.StringAttribute{Optional: true, MarkdownDescription: "The header that is compared. Either this or `cookie`. Example: `\"X-Canary\"`."},
			"cookie": schema.StringAttribute{Optional: true, MarkdownDescription: "The cookie that is compared. Example: `\"canary\"`."},
			"value":  schema.StringAttribute{Required: true, MarkdownDescription: "The value, compared exactly. Example: `\"internal\"`."},
		},
	}
}

func waits(text string) schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Optional:            true,
		MarkdownDescription: text + " `{ duration = \"10m\" }` passes after that much observed time, `{}` when a person says so: `sluice resume RELEASE --reason \"...\"`.",
		Attributes: map[string]schema.Attribute{
			"duration": duration(false, "How long. Not given, it waits for a person. Example: `\"10m\"`."),
		},
	}
}

func checkAttributes() map[string]schema.Attribute {
	attrs := httpcheck.Attributes()
	attrs["attempts"] = schema.Int64Attribute{
		Optional: true, MarkdownDescription: fmt.Sprintf("How often it is asked until it passes, from 1 to %d. Default: %d.", check.MaxAttempts, check.DefaultAttempts),
		Validators: []validator.Int64{partial.Int64(choice.Limits{Noun: "number of attempts", Min: 1, Max: check.MaxAttempts, Example: check.DefaultAttempts})},
	}
	attrs["every"] = duration(false, fmt.Sprintf("The time between two attempts. Default: `%s`.", field.FormatDuration(check.DefaultEvery)))
	attrs["timeout"] = duration(false, fmt.Sprintf("Bounds one attempt, at most `%s` and half of `revert_after`. An answer that does not come in time is unknown, which is no pass. Default: `%s`.",
		field.FormatDuration(strategy.MaxStepTimeout), field.FormatDuration(check.DefaultTimeout)))
	return attrs
}

func linear() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Optional: true, MarkdownDescription: "Moves the weight by equal increments up to 100 %.",
		Attributes: map[string]schema.Attribute{
			"step_weight": schema.Float64Attribute{Required: true, MarkdownDescription: "The increment, from 1 to 100 %. Example: `20`."},
			"at_least":    duration(true, "How long each step must have been observed before it may pass. Default: `0s`. Example: `\"1m\"`."),
			"at_most":     duration(false, "After how long without a verdict a step is inconclusive. Default: `30m`, or five times `at_least` where that is longer."),
		},
	}
}

func blueGreen() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: "Brings the new artifact up beside the old one, checks it while nobody is sent there, and moves all traffic in one step, which is judged during the bake. " +
			"The old artifact stays warm meanwhile, so that going back is one move of the traffic: `blue_green = {}`.",
		Attributes: map[string]schema.Attribute{
			"checks": schema.ListNestedAttribute{
				Optional:            true,
				MarkdownDescription: fmt.Sprintf("At most %d checks of the new artifact at 0 %%, in order. Each must pass before the switch; one that does not goes back, and the artifact is quarantined.", strategy.MaxChecks),
				NestedObject:        schema.NestedAttributeObject{Attributes: checkAttributes()},
			},
			"cohort": cohort("Sends the requests that match to the new artifact during the checks and the preview, so that both reach it where all come through one address: a check with the header in its `headers`. " +
				"Without it, give the checks an address of the new artifact's own."),
			"preview":   waits("Stays at 0 % after the checks, for people to look at the new artifact before anybody else does."),
			"keep_warm": duration(true, "For how long at least the old artifact stays warm after the switch. The rollout bakes for the longer of this and `bake`. Default: `0s`. Example: `\"30m\"`."),
			"at_most":   duration(false, "How long the target may take to confirm the switch. Default: `30m`."),
		},
	}
}

func rolling() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Optional:            true,
		MarkdownDescription: "Replaces the instances in batches, each of which is judged like a step. Exactly one of `batch` and `batch_count` is given.",
		Attributes: map[string]schema.Attribute{
			"batch": schema.StringAttribute{
				Optional: true, CustomType: percenttype.Type{}, Validators: []validator.String{percenttype.Valid()},
				MarkdownDescription: "The share of the instances in a batch, from 1 % to 100 %. The target rounds to whole instances. Example: `\"25%\"`.",
			},
			"batch_count": schema.Int64Attribute{
				Optional: true, MarkdownDescription: "How many of the `instances` are in a batch. Example: `2`.",
			},
			"instances": schema.Int64Attribute{
				Optional: true, MarkdownDescription: "How many instances there are, for `batch_count`: the steps are planned before any target is asked. Example: `8`.",
			},
			"min_healthy": schema.StringAttribute{
				Optional: true, CustomType: percenttype.Type{}, Validators: []validator.String{percenttype.Valid()},
				MarkdownDescription: "The share of the instances that must stay healthy meanwhile, at most all that are not in the batch. Default: all that are not in the batch. Example: `\"75%\"`.",
			},
			"at_least": duration(true, "How long each batch must have been observed before the next. Default: `0s`. Example: `\"1m\"`."),
			"at_most":  duration(false, "How long the target may take for a batch, and after how long without a verdict it is inconclusive. Default: `30m`, or five times `at_least` where that is longer."),
		},
	}
}
