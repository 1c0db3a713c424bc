package functions

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/sluice/terraform-provider-sluice/internal/calendar"
	"github.com/sluice/terraform-provider-sluice/internal/provider/definition"
)

// NewWindowState makes window_state.
func NewWindowState() function.Function { return windowState{} }

type windowState struct{}

var stateType = map[string]attr.Type{"open": types.BoolType, "reason": types.StringType, "until": types.StringType}

// Metadata implements function.Function.
func (windowState) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "window_state"
}

// Definition implements function.Function.
func (windowState) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "Says whether a change window lets changes go forward at an instant",
		MarkdownDescription: "Evaluates one change window, whatever its scope, at an instant of your choice: " +
			"`open` is whether changes may go forward, `reason` why, and `until` the next instant at which that changes, RFC 3339, or null when it does not within ten years.\n\n" +
			"It reads no clock, so it is the same in every plan; give it a fixed instant in a test of your windows.",
		Parameters: []function.Parameter{
			function.ObjectParameter{
				Name: "window", AttributeTypes: definition.AttrTypes(),
				MarkdownDescription: "The window's definition: `sluice_change_window.freeze.definition`.",
			},
			function.StringParameter{
				Name:                "at",
				MarkdownDescription: "The instant, RFC 3339 with an offset. Example: `\"2026-12-24T12:00:00+01:00\"`.",
			},
		},
		Return: function.ObjectReturn{AttributeTypes: stateType},
	}
}

// Run implements function.Function.
func (windowState) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var window types.Object
	var text string
	if resp.Error = req.Arguments.Get(ctx, &window, &text); resp.Error != nil {
		return
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		resp.Error = function.NewArgumentFuncError(1, fmt.Sprintf("%q is not an instant; it must be RFC 3339 with an offset, for example \"2026-12-24T12:00:00+01:00\"", text))
		return
	}
	d := definition.Read(window)
	if d.Content.IsNull() {
		resp.Error = function.NewArgumentFuncError(0, "the definition has no content; a function reads no ledger, so a name alone is not enough: give sluice_change_window.example.definition, or that of the data source")
		return
	}
	w, err := calendar.Decode([]byte(d.Content.ValueString()))
	if err != nil {
		resp.Error = function.NewArgumentFuncError(0, fmt.Sprintf("the content is not a change window: %v; give sluice_change_window.example.definition", err))
		return
	}
	state, err := calendar.StateOf(w, at)
	if err != nil {
		resp.Error = function.NewFuncError(err.Error())
		return
	}
	until := types.StringNull()
	if !state.Until.IsZero() {
		until = types.StringValue(state.Until.Format(time.RFC3339))
	}
	resp.Error = resp.Result.Set(ctx, types.ObjectValueMust(stateType, map[string]attr.Value{
		"open": types.BoolValue(state.Open), "reason": types.StringValue(state.Reason), "until": until,
	}))
}
