// Package release is sluice_release: the standing wish that a service runs an
// artifact in an environment, and the rollouts that make it true.
package release

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/objectplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/sluice/terraform-provider-sluice/internal/provider/choice"
	"github.com/sluice/terraform-provider-sluice/internal/provider/declared"
	"github.com/sluice/terraform-provider-sluice/internal/provider/definition"
	"github.com/sluice/terraform-provider-sluice/internal/provider/tfconv"
	"github.com/sluice/terraform-provider-sluice/internal/provider/waiting"
	engine "github.com/sluice/terraform-provider-sluice/internal/release"
)

const description = "The standing wish that a service runs an artifact in an environment. There is one for each service and environment, for years: " +
	"another `artifact` or `configuration_digest` is an update in place that opens a rollout, and apply walks its steps.\n\n" +
	"`artifact` is the wish, `serving` is what was observed. When a rollout fails or is rolled back, apply fails, the state keeps the old artifact, " +
	"and the next plan shows the same change again. When apply is interrupted, the next one goes on from where it stopped.\n\n" +
	"Destroying a release stops managing it and leaves the workload alone."

func releaseSchema(ctx context.Context) schema.Schema {
	attrs := map[string]schema.Attribute{
		"service": schema.StringAttribute{
			Required:            true,
			MarkdownDescription: "The service that is released: 1 to 128 characters without slashes and control characters. Another name replaces the release; `previous_name` says that it is the same one. Example: `\"checkout\"`.",
			Validators:          []validator.String{definition.Name()},
			PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
		},
		"service_definition": definition.Reference("service", "sluice_service",
			" With it, windows that ask for its team or its labels hold for the release from the plan on, and the judge takes its objectives where a metric states no ceiling. An edit of it holds from the next rollout on. "+
				"Without it the ledger is asked for a service of that name, for windows alone.", false),
		"environment":     environmentAttribute(),
		"artifact":        artifactAttribute(),
		"target":          targetAttribute(),
		"targets":         targetsAttribute(),
		"waves":           wavesAttribute(),
		"signals":         signalsAttribute(),
		"strategy":        definition.Reference("strategy", "sluice_deployment_strategy", " An edit of it holds from the next rollout on.", true),
		"rollback_policy": definition.Reference("rollback policy", "sluice_rollback_policy", " Without one the engine may go back by itself, also during the bake, at most 3 times a day.", false),
		"configuration_digest": schema.StringAttribute{
			Optional:            true,
			MarkdownDescription: "The digest of the configuration that ships with the artifact, so that a change of configuration alone rolls out, and back, the same way. Example: `\"sha256:${filesha256(\"config.json\")}\"`.",
		},
		"mode": schema.StringAttribute{
			Optional: true, Computed: true, Default: stringdefault.StaticString(string(engine.Enforce)),
			MarkdownDescription: "Whether Sluice acts: " + tfconv.OneOf(engine.Modes()) + ". With `observe` nothing is written to the target; the judge and the gates advise and record. Default: `enforce`.",
			Validators:          []validator.String{choice.Of("mode", engine.Modes())},
		},
		"irreversible": schema.BoolAttribute{
			Optional: true, Computed: true, Default: booldefault.StaticBool(false),
			MarkdownDescription: "Whether the old artifact may no longer work once the new one has run. It switches off the automatic rollback and the target's dead-man switch, and never a person's rollback. Default: `false`.",
		},
		"evidence": evidenceAttribute(),
		"previous_name": schema.StringAttribute{
			Optional:            true,
			MarkdownDescription: "The `id` that the release had before its service or environment was renamed. Its quarantine and what a rollback goes back to are carried over, once; its rollouts stay under that name, and `sluice history` of the new one shows them too. Without it another name is another release, and the plan warns of that. See the guide on renaming. Example: `\"cart/production\"`.",
			Validators:          []validator.String{keyCheck{}},
		},
		"timeouts": timeoutsAttribute(ctx),
	}
	for name, a := range waitAttributes() {
		attrs[name] = a
	}
	for name, a := range computedAttributes() {
		attrs[name] = a
	}
	return schema.Schema{MarkdownDescription: description, Attributes: attrs}
}

func timeoutsAttribute(ctx context.Context) schema.Attribute {
	return waiting.Attribute(ctx, "How long apply waits. A rollout that takes longer stays open, and the next apply goes on with it.", timeouts.Opts{
		Create: true, Update: true,
		CreateDescription: "How long the first rollout may take before apply stops and leaves it open. Default: `2h`.",
		UpdateDescription: "How long a rollout may take before apply stops and leaves it open. Default: `2h`.",
	})
}

func environmentAttribute() schema.Attribute {
	a := definition.Reference("environment", "sluice_environment", " Another name replaces the release.", true)
	a.PlanModifiers = []planmodifier.Object{objectplanmodifier.RequiresReplaceIf(
		func(_ context.Context, req planmodifier.ObjectRequest, resp *objectplanmodifier.RequiresReplaceIfFuncResponse) {
			before, after := definition.Read(req.StateValue), definition.Read(req.PlanValue)
			resp.RequiresReplace = !before.Name.IsNull() && !before.Name.Equal(after.Name)
		},
		"Another name replaces the release.", "Another name replaces the release.",
	)}
	return a
}

func artifactAttribute() schema.Attribute {
	return schema.SingleNestedAttribute{
		Required:            true,
		MarkdownDescription: "The artifact that shall serve. Another digest opens a rollout; another version alone is only a label.",
		Attributes: map[string]schema.Attribute{
			"version": schema.StringAttribute{
				Required: true, MarkdownDescription: "A label for people; it identifies nothing. Example: `\"1.1.0\"`.",
			},
			"reference": schema.StringAttribute{
				Required: true, MarkdownDescription: "Where the target finds the artifact, ending in its digest: `@sha256:` and 64 lower-case hexadecimal digits. A tag is refused, because it can be moved. Example: `\"registry.example/checkout@sha256:9f2c...\"`.",
			},
		},
	}
}

// The types of the computed objects.
var (
	servingType = types.ObjectType{AttrTypes: map[string]attrType{
		"version": types.StringType, "reference": types.StringType, "configuration_digest": types.StringType, "weight": types.Float64Type,
	}}
	lastRolloutType = types.ObjectType{AttrTypes: map[string]attrType{
		"number": types.Int64Type, "kind": types.StringType, "version": types.StringType, "result": types.StringType, "reason": types.StringType,
		"opened_at": types.StringType, "closed_at": types.StringType, "by": types.StringType,
	}}
	artifactType = types.ObjectType{AttrTypes: map[string]attrType{"version": types.StringType, "reference": types.StringType}}
)

func computedAttributes() map[string]schema.Attribute {
	text := func(description string) schema.StringAttribute {
		return schema.StringAttribute{Computed: true, MarkdownDescription: description}
	}
	return map[string]schema.Attribute{
		"id":        text("The service and the environment: `checkout/production`. The command line and `import` take it."),
		"ledger_id": declared.LedgerID(),
		"steps": schema.ListAttribute{
			ElementType: types.StringType, Computed: true,
			MarkdownDescription: "The steps of the strategy with the version, for the plan's diff: `1.1.0 at 5 %, at least 1m`.",
		},
		"status":   text("Where the release stands: `steady` while no rollout is open, otherwise the state of the rollout, such as `stepping`, `paused` or `reverting`. `mixed` when its targets were left with different artifacts; the next apply makes them the same."),
		"progress": progressAttribute(),
		"serving": schema.SingleNestedAttribute{
			Computed: true, MarkdownDescription: "What was seen to serve at the last look: the arm with the most traffic. Of many targets it is what all of them serve; null when they differ.",
			Attributes: map[string]schema.Attribute{
				"version":              text("Its version."),
				"reference":            text("Its reference with the digest."),
				"configuration_digest": text("The digest of its configuration, where there is one."),
				"weight":               schema.Float64Attribute{Computed: true, MarkdownDescription: "Its share of traffic in percent, 0 to 100."},
			},
		},
		"targets_serving": schema.MapNestedAttribute{
			Computed: true, MarkdownDescription: "What was seen to serve at each of `targets`, by its name. Null with one `target`.",
			NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
				"version":              text("Its version."),
				"reference":            text("Its reference with the digest."),
				"configuration_digest": text("The digest of its configuration, where there is one."),
				"weight":               schema.Float64Attribute{Computed: true, MarkdownDescription: "Its share of traffic in percent, 0 to 100."},
			}},
		},
		"last_rollout": schema.SingleNestedAttribute{
			Computed: true, MarkdownDescription: "The newest rollout, whoever began it. Null when the release was adopted as it served.",
			Attributes: map[string]schema.Attribute{
				"number":    schema.Int64Attribute{Computed: true, MarkdownDescription: "Its number: 1, 2, ..."},
				"kind":      text("What it is for: `forward`, `rollback` or `repair`."),
				"version":   text("The version that it carries."),
				"result":    text("Its state: `succeeded`, `rolled_back`, `aborted`, `errored`, or that of an open one."),
				"reason":    text("Why it left the straight way, or why it waits."),
				"opened_at": text("When it began, RFC 3339."),
				"closed_at": text("When it ended, RFC 3339; null while it is open."),
				"by":        text("Who opened it."),
			},
		},
	}
}
