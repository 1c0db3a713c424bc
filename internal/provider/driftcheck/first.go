package driftcheck

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/sluice/terraform-provider-sluice/internal/drift"
)

// first is what the plan says that makes a check: what the check will watch, and what of
// it is not as declared already. It reads what lies outside of the target, which needs no
// ledger and no release. Nothing of it fails the plan, so that a check can be made before
// what it finds is mended.
func (r *Resource) first(ctx context.Context, req resource.ModifyPlanRequest) diagnostics {
	var out diagnostics
	var plan model
	if out.Append(req.Plan.Get(ctx, &plan)...); out.HasError() || req.ClientCapabilities.DeferralAllowed {
		return out
	}
	watched := plan.watched()
	if len(watched) == 0 {
		return nil
	}
	check, known, errs := plan.toCheck(ctx)
	switch {
	case len(errs) > 0:
		return nil // ValidateConfig has said so.
	case !known:
		out.AddAttributeWarning(path.Root("release"), fmt.Sprintf("The drift check of %s is new", name(plan.Release)),
			told(watched, "Something of it is known only after the apply, which looks at it for the first time."))
		return out
	}
	report := r.client.Looker(nil).Preview(ctx, check, r.client.Clock.Now())
	title := fmt.Sprintf("The drift check of %s is new", check.Release)
	switch {
	case report.Status == drift.StatusClean && len(report.Ignored)+len(report.Accepted) > 0:
		out.AddAttributeWarning(path.Root("release"), title, told(watched, "What lies outside of the target is as declared now, but for:", listed(report)...))
	case report.Status == drift.StatusClean:
		out.AddAttributeWarning(path.Root("release"), title, told(watched, "What lies outside of the target was read now, and is as declared."))
	default:
		out.AddAttributeWarning(attributeOf(check, report), title+", and finds something already", told(watched, "Not as declared now:", append(listed(report), folded(then(report)))...))
	}
	return out
}

// then says what follows from what a new check finds.
func then(report drift.Report) string {
	if report.Fails() {
		return "This apply makes the check all the same. From then on each plan fails for it."
	}
	return "This apply makes the check all the same, and changes nothing about it. Each plan says so from then on."
}

func told(watched []string, what string, more ...string) string {
	lines := []string{folded("From the apply on, each plan and the agent look at what serves, and at " + strings.Join(watched, "; ") + "."), folded(what)}
	return strings.Join(append(lines, more...), "\n")
}

// watched lists what a check declares beside what the ledger says, by name. A part whose
// names are not known yet has none.
func (m model) watched() []string {
	var out []string
	for _, part := range []struct {
		one, many string
		of        types.Map
	}{{"field", "fields", m.Fields}, {"document", "documents", m.Documents}, {"security group", "security groups", m.Groups}, {"resource", "resources", m.Resources}, {"image that runs", "images that run", m.Images}} {
		switch names := slices.Sorted(maps.Keys(part.of.Elements())); {
		case part.of.IsUnknown():
			out = append(out, part.many)
		case len(names) == 1:
			out = append(out, "the "+part.one+" "+names[0])
		case len(names) > 1:
			out = append(out, "the "+part.many+" "+strings.Join(names, ", "))
		}
	}
	return out
}

// name is a release's, where it is known.
func name(v attr.Value) string {
	if s, ok := v.(types.String); ok && !s.IsUnknown() && !s.IsNull() {
		return s.ValueString()
	}
	return "a release"
}
