// Package choice holds validators for values with a fixed set or range, in the one
// form that all messages have: what was wrong, what is allowed, an example.
package choice

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
)

// Of checks that a text is one of the choices. The noun is what messages call it;
// the first choice is the example.
func Of(noun string, choices []string) validator.String { return set{noun, choices} }

type set struct {
	noun    string
	choices []string
}

// Description implements validator.String.
func (s set) Description(context.Context) string { return "one of " + list(s.choices) }

// MarkdownDescription implements validator.String.
func (s set) MarkdownDescription(ctx context.Context) string { return s.Description(ctx) }

// ValidateString implements validator.String.
func (s set) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() || slices.Contains(s.choices, req.ConfigValue.ValueString()) {
		return
	}
	resp.Diagnostics.AddAttributeError(req.Path, "Invalid "+s.noun,
		fmt.Sprintf("%q is not a %s; it must be %s, for example %q", req.ConfigValue.ValueString(), s.noun, list(s.choices), s.choices[0]))
}

func list(choices []string) string {
	last := len(choices) - 1
	if last < 1 {
		return strings.Join(choices, "")
	}
	return strings.Join(choices[:last], ", ") + " or " + choices[last]
}

// Limits is a range with both ends in it.
type Limits struct {
	Noun              string
	Min, Max, Example int64
}

func (l Limits) problem(value any) string {
	return fmt.Sprintf("%v is not a %s; it must be from %d to %d, for example %d", value, l.Noun, l.Min, l.Max, l.Example)
}

// Description implements validator.Int64 and validator.Float64.
func (l Limits) Description(context.Context) string {
	return fmt.Sprintf("from %d to %d", l.Min, l.Max)
}

// MarkdownDescription implements validator.Int64 and validator.Float64.
func (l Limits) MarkdownDescription(ctx context.Context) string { return l.Description(ctx) }

// ValidateInt64 implements validator.Int64.
func (l Limits) ValidateInt64(_ context.Context, req validator.Int64Request, resp *validator.Int64Response) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if v := req.ConfigValue.ValueInt64(); v < l.Min || v > l.Max {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid "+l.Noun, l.problem(v))
	}
}

// ValidateFloat64 implements validator.Float64.
func (l Limits) ValidateFloat64(_ context.Context, req validator.Float64Request, resp *validator.Float64Response) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if v := req.ConfigValue.ValueFloat64(); v < float64(l.Min) || v > float64(l.Max) {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid "+l.Noun, l.problem(v))
	}
}
