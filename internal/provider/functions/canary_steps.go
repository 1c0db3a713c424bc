// Package functions holds the provider's functions: what refuses at plan, as
// something that a test of Terraform can ask for.
package functions

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/provider/durationtype"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
)

// NewCanarySteps makes canary_steps.
func NewCanarySteps() function.Function { return canarySteps{} }

type canarySteps struct{}

var stepType = types.ObjectType{AttrTypes: map[string]attr.Type{
	"weight": types.Float64Type, "at_least": types.StringType, "at_most": types.StringType,
}}

// Metadata implements function.Function.
func (canarySteps) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "canary_steps"
}

// Definition implements function.Function.
func (canarySteps) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "Writes the steps of a canary from a list of weights",
		MarkdownDescription: "Gives the steps for `canary` of a `sluice_deployment_strategy`: one for each weight, each of which must have been observed for `at_least` before it may pass. " +
			"The last one, at 100 %, has no such time: the bake follows it.",
		Parameters: []function.Parameter{
			function.ListParameter{
				Name: "weights", ElementType: types.Float64Type,
				MarkdownDescription: "The shares of traffic in percent, increasing, the last of which is 100. Example: `[5, 25, 50, 100]`.",
			},
			function.StringParameter{
				Name:                "at_least",
				MarkdownDescription: "How long each step must have been observed before it may pass; `0s` for none. Example: `\"2m\"`.",
			},
		},
		Return: function.ListReturn{ElementType: stepType},
	}
}

// Run implements function.Function.
func (canarySteps) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var weights []float64
	var text string
	if resp.Error = req.Arguments.Get(ctx, &weights, &text); resp.Error != nil {
		return
	}
	atLeast, msg := field.ParseDuration(text, true)
	if msg != "" {
		resp.Error = function.NewArgumentFuncError(1, msg)
		return
	}
	def := strategy.Definition{Name: "steps", Canary: &strategy.Canary{}}
	for _, w := range weights {
		def.Canary.Steps = append(def.Canary.Steps, strategy.CanaryStep{Weight: w})
	}
	if errs := def.Validate(); len(errs) > 0 {
		resp.Error = function.NewArgumentFuncError(0, errs[0].Msg)
		return
	}
	values := make([]attr.Value, len(weights))
	for i, w := range weights {
		at := types.StringNull()
		if i < len(weights)-1 && atLeast > 0 {
			at = durationtype.Of(atLeast).StringValue
		}
		values[i] = types.ObjectValueMust(stepType.AttrTypes, map[string]attr.Value{
			"weight": types.Float64Value(w), "at_least": at, "at_most": types.StringNull(),
		})
	}
	list, diags := types.ListValue(stepType, values)
	if diags.HasError() {
		resp.Error = function.NewFuncError(fmt.Sprintf("%s: %s", diags[0].Summary(), diags[0].Detail()))
		return
	}
	resp.Error = resp.Result.Set(ctx, list)
}
