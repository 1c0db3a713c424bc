package release

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/sluice/terraform-provider-sluice/internal/provider/definition"
)

// Schema implements datasource.DataSource.
func (d *DataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	text := func(description string) schema.StringAttribute {
		return schema.StringAttribute{Computed: true, MarkdownDescription: description}
	}
	named := func(description string) schema.StringAttribute {
		return schema.StringAttribute{Required: true, MarkdownDescription: description, Validators: []validator.String{definition.Name()}}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "Shows a release that the ledger knows: what serves, its rollouts, and what the gates say now. " +
			"Use it in a `check` block or a `postcondition`, where `terraform test` can expect a failure.",
		Attributes: map[string]schema.Attribute{
			"service":     named("The service. Example: `\"checkout\"`."),
			"environment": named("The name of the environment. Example: `\"production\"`."),
			"artifact": schema.SingleNestedAttribute{
				Optional: true, MarkdownDescription: "An artifact to ask the gates about. Default: the one that is registered now.",
				Attributes: map[string]schema.Attribute{
					"version":   schema.StringAttribute{Required: true, MarkdownDescription: "A label for people. Example: `\"1.1.0\"`."},
					"reference": schema.StringAttribute{Required: true, MarkdownDescription: "Its reference with the digest."},
				},
			},
			"configuration_digest": schema.StringAttribute{Optional: true, MarkdownDescription: "The digest of the configuration to ask the gates about, together with `artifact`."},
			"id":                   text("The service and the environment: `checkout/production`."),
			"status":               text("`steady` while no rollout is open, otherwise the state of the rollout; `mixed` when its targets were left with different artifacts."),
			"serving": schema.SingleNestedAttribute{
				Computed: true, MarkdownDescription: "What serves now: the arm with the most traffic. Null when the target could not be seen.",
				Attributes: map[string]schema.Attribute{
					"version":              text("Its version."),
					"reference":            text("Its reference with the digest."),
					"configuration_digest": text("The digest of its configuration, where there is one."),
					"weight":               schema.Float64Attribute{Computed: true, MarkdownDescription: "Its share of traffic in percent, 0 to 100."},
				},
			},
			"targets_serving": schema.MapNestedAttribute{
				Computed: true, MarkdownDescription: "What serves at each target of a release over many, by its name; null where it could not be seen, and as a whole with one target. `serving` is then what all of them serve, null when they differ.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"version":              text("Its version."),
					"reference":            text("Its reference with the digest."),
					"configuration_digest": text("The digest of its configuration, where there is one."),
					"weight":               schema.Float64Attribute{Computed: true, MarkdownDescription: "Its share of traffic in percent, 0 to 100."},
				}},
			},
			"steps": schema.ListAttribute{ElementType: types.StringType, Computed: true, MarkdownDescription: "The steps that a rollout of the artifact takes."},
			"can_start": schema.BoolAttribute{
				Computed: true, MarkdownDescription: "Whether every gate passes now and the target is ready.",
			},
			"start_at": text("When all gates may pass at the earliest, RFC 3339. Null when they pass now, or when nobody can tell."),
			"gates": schema.ListNestedAttribute{
				Computed: true, MarkdownDescription: "What each gate says of the artifact now.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"gate":    text("Its name, such as `window`, `quarantine`, `hold` or `rehearsal`."),
					"status":  text("`pass`, `fail` or `unknown`, which blocks as `fail` does."),
					"reason":  text("Why."),
					"remedy":  text("What a person can do about it."),
					"next_at": text("When it may pass next, RFC 3339; null when nobody can tell."),
				}},
			},
			"progress": schema.SingleNestedAttribute{
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
			},
			"procedure": text("The runbook of this very release, in Markdown: what serves, where a rollback leads, what to type, what happens by itself, whether the way back is open now, and whom to ask. " +
				"Write it to a file or a wiki, so that it is there when the ledger is not."),
			"history": schema.ListNestedAttribute{
				Computed: true, MarkdownDescription: "All rollouts, the newest first.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"number":    schema.Int64Attribute{Computed: true, MarkdownDescription: "Its number: 1, 2, ..."},
					"kind":      text("What it is for: `forward`, `rollback` or `repair`."),
					"version":   text("The version that it carries."),
					"result":    text("Its state: `succeeded`, `rolled_back`, `aborted`, `errored`, or that of an open one."),
					"reason":    text("Why it left the straight way, or why it waits."),
					"opened_at": text("When it began, RFC 3339."),
					"closed_at": text("When it ended, RFC 3339; null while it is open."),
					"by":        text("Who opened it."),
				}},
			},
		},
	}
}
