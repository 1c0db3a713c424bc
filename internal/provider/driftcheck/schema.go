// Package driftcheck is sluice_drift_check: what serves, held against what the
// ledger says should serve.
package driftcheck

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/sluice/terraform-provider-sluice/internal/drift"
	"github.com/sluice/terraform-provider-sluice/internal/provider/choice"
	"github.com/sluice/terraform-provider-sluice/internal/provider/declared"
	"github.com/sluice/terraform-provider-sluice/internal/provider/partial"
	"github.com/sluice/terraform-provider-sluice/internal/provider/tfconv"
	"github.com/sluice/terraform-provider-sluice/internal/provider/waiting"
)

const description = "Holds what serves against what the ledger says should serve, at every plan, path by path; and beside it whatever else you declare: " +
	"fields of the target's observation, JSON documents behind HTTP, files, the rules of security groups, properties of other resources of AWS and the digests of the images that run there. Only what is declared or released is compared.\n\n" +
	"By default it reports. With `mode = \"remediate\"` an apply brings the release back through a rollout of kind `repair`, which the gates let in like any other; " +
	"never while a rollout is open or planned for the release, and never when something else serves by then than at plan. It moves the target's payload and weights, and nothing else: " +
	"fields, health, documents and what is declared of AWS are told. What cannot be seen is unknown, and never clean.\n\n" +
	"The paths of every target are `baseline.digest`, `baseline.configuration_digest`, `baseline.weight`, `baseline.health`, `canary.weight`, `canary.digest`, " +
	"`traffic.cohort`, `traffic.mirror`, `traffic.batch` (left by a rollout or a hand), `reverted` (a dead-man switch has fired) and `revert_after` (one is armed). `sluice drift` writes the same report for a terminal, a pull request or a ticket."

// differenceType is the type of one difference.
var differenceType = types.ObjectType{AttrTypes: map[string]attr.Type{
	"path": types.StringType, "expected": types.StringType, "observed": types.StringType,
	"kind": types.StringType, "severity": types.StringType,
}}

func checkSchema(ctx context.Context) schema.Schema {
	return schema.Schema{
		MarkdownDescription: description,
		Attributes: map[string]schema.Attribute{
			"release": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: "The release to look at, as its `id`: `sluice_release.checkout.id`, or `\"checkout/production\"`. Another one replaces the check.",
				Validators:          []validator.String{releaseCheck{}},
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
			},
			"mode": schema.StringAttribute{
				Optional: true, Computed: true, Default: stringdefault.StaticString(string(drift.ModeReport)),
				MarkdownDescription: "What follows from drift: " + tfconv.OneOf(drift.Modes()) + ". `report` warns at plan, `fail` makes the plan fail, `remediate` repairs at apply, `accept` takes the values in `accepted` for as good as the expected ones and reports the rest. Default: `report`.",
				Validators:          []validator.String{partial.String(choice.Of("mode", drift.Modes()))},
			},
			"ignore": schema.ListNestedAttribute{
				Optional: true, MarkdownDescription: "Paths that may differ for a while.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"path":    schema.StringAttribute{Required: true, MarkdownDescription: "A dotted path, which covers what lies below it. Example: `\"" + drift.PathWeight + "\"`."},
					"reason":  schema.StringAttribute{Required: true, MarkdownDescription: "Why it may differ. Example: `\"scaled by hand during the incident\"`."},
					"expires": schema.StringAttribute{Required: true, MarkdownDescription: "The first instant at which the entry no longer counts, RFC 3339. Example: `\"2026-12-01T00:00:00Z\"`."},
				}},
			},
			"severity": schema.MapAttribute{
				Optional: true, ElementType: types.StringType,
				MarkdownDescription: "How much a difference matters, by path: " + tfconv.OneOf(drift.Severities()) + ". An entry covers what lies below its path, and the closest one counts. `low` is told and nothing follows; " +
					"`medium`, the default, has the consequence of the mode; `high` fails the plan in every mode, unless the apply would repair it. Example: `{ canary = \"high\" }`.",
			},
			"fields": schema.MapNestedAttribute{
				Optional:            true,
				MarkdownDescription: "What else of the target's observation is declared, by the paths of its driver, or `" + drift.PathReplicas + "`. One that the target does not tell is unknown. Example: `{ \"" + drift.PathReplicas + "\" = { equals = 3 } }`.",
				NestedObject:        schema.NestedAttributeObject{Attributes: expectationAttributes()},
			},
			"documents":       documentsAttribute(),
			"security_groups": groupsAttribute(),
			"resources":       resourcesAttribute(),
			"images":          imagesAttribute(),
			"accepted":        acceptedAttribute(),
			"blocks": schema.StringAttribute{
				Optional: true, Computed: true, Default: stringdefault.StaticString(string(drift.BlocksNothing)),
				MarkdownDescription: "What drift, or not knowing, keeps from going forward, through the gate `drift`: " + tfconv.OneOf(drift.Scopes()) + ". `environment` keeps back every release of the same environment. " +
					"The gate is asked before a rollout starts; a repair and a rollback pass. Default: `nothing`.",
				Validators: []validator.String{partial.String(choice.Of("scope", drift.Scopes()))},
			},
			"status": schema.StringAttribute{
				Computed: true, MarkdownDescription: "What the last look came to: `clean`, `drifted` or `unknown`.",
			},
			"differences": schema.ListNestedAttribute{
				Computed: true, MarkdownDescription: "What differs and is not ignored.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"path":     schema.StringAttribute{Computed: true, MarkdownDescription: "Where."},
					"expected": schema.StringAttribute{Computed: true, MarkdownDescription: "What the ledger says."},
					"observed": schema.StringAttribute{Computed: true, MarkdownDescription: "What the target says; `unknown` where it could not tell."},
					"kind":     schema.StringAttribute{Computed: true, MarkdownDescription: "`changed`, `missing`, `extra` or `unknown`."},
					"severity": schema.StringAttribute{Computed: true, MarkdownDescription: "How much it matters."},
				}},
			},
			"observed": schema.StringAttribute{
				Computed: true, MarkdownDescription: "A hash of what a repair would change, empty when there is nothing to repair. A repair that was planned on one is not made on another.",
			},
			"ledger_id": declared.LedgerID(),
			"timeouts": waiting.Attribute(ctx, "How long apply waits for a repair. One that takes longer stays open, and the next apply goes on with it.", timeouts.Opts{
				Update: true, UpdateDescription: "How long a repair may take before apply stops and leaves it open. Default: `2h`.",
			}),
		},
	}
}
