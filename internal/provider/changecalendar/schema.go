// Package changecalendar is the data source sluice_change_calendar: the declared
// windows taken together, at any instant.
package changecalendar

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/sluice/terraform-provider-sluice/internal/provider/definition"
	"github.com/sluice/terraform-provider-sluice/internal/provider/tfconv"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

const description = "The change windows of a ledger taken together, for one service and environment: whether changes may go forward now or at any instant, when that changes, what is to come, and what of it cannot all be meant. " +
	"A freeze beats every allow; with an allow in scope, outside all of them is closed; what cannot be read is closed and not known. Use it in a `check` block or a `postcondition`."

func computed(description string) schema.StringAttribute {
	return schema.StringAttribute{Computed: true, MarkdownDescription: description}
}

func optional(description string, more ...validator.String) schema.StringAttribute {
	return schema.StringAttribute{Optional: true, MarkdownDescription: description, Validators: more}
}

func listed(description string) schema.ListAttribute {
	return schema.ListAttribute{ElementType: types.StringType, Computed: true, MarkdownDescription: description}
}

// Schema implements datasource.DataSource.
func (d *DataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{MarkdownDescription: description, Attributes: attributes()}
}

func attributes() map[string]schema.Attribute {
	out := map[string]schema.Attribute{
		"at":      optional("The instant that is asked about, RFC 3339 with an offset. Default: now, so that it differs from plan to plan. Example: `\"2026-12-24T12:00:00+01:00\"`."),
		"horizon": optional("How far behind `at` the lists reach, up to ten years. Default: `\"720h\"`, which is 30 days. Example: `\"2160h\"`."),
		"service": optional("The service that is asked about. Example: `\"checkout\"`.", definition.Name()),
		"environment": schema.SingleNestedAttribute{
			Optional: true,
			Attributes: map[string]schema.Attribute{
				"name": schema.StringAttribute{
					Required: true, MarkdownDescription: "The name of the environment.", Validators: []validator.String{definition.Name()},
				},
				"content": optional("The content of the environment, from its `definition`. Without it the ledger is asked for the name."),
			},
			MarkdownDescription: "The environment that is asked about, as `sluice_environment.example.definition`. `{ name = \"example\" }` takes one that the ledger knows already. It brings its tier, regions and labels.",
		},
		"tier": optional("The tier that is asked about: " + tfconv.OneOf(release.Tiers()) + ". Default: that of the environment."),
		"team": optional("The team that owns the service. Example: `\"payments\"`."),
		"regions": schema.ListAttribute{
			ElementType: types.StringType, Optional: true,
			MarkdownDescription: "The regions that are asked about. Changes may go forward when they may in each. Default: those of the environment.",
		},
		"labels": schema.MapAttribute{
			ElementType: types.StringType, Optional: true, MarkdownDescription: "Labels of the service. They are added to those of the environment.",
		},
		// A nested object would refuse definitions that are not known yet: the framework
		// misses their required attributes.
		"windows": schema.ListAttribute{
			Optional: true, ElementType: definition.Type(),
			MarkdownDescription: "Windows that the ledger may not know yet, as `sluice_change_window.example.definition`. They are added to those of the ledger, and replace those of the same name.",
		},
		"open":            schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether changes may go forward at the instant. Never true when the windows are not known."},
		"known":           schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether the windows could be read. While they cannot, everything is closed and the lists are null."},
		"reason":          computed("Why it is open or closed."),
		"window":          computed("The name of the window that decides; null when none does."),
		"closed_by":       listed("The names of all windows that close; empty while it is open."),
		"next_transition": computed("When `open` changes next, RFC 3339; null when it does not within ten years."),
		"next_open":       computed("From when changes may go forward: the instant itself while it is open; null when they may not within ten years."),
	}
	for name, list := range lists() {
		out[name] = list
	}
	return out
}

// lists are the attributes that reach to the horizon.
func lists() map[string]schema.Attribute {
	list := func(description string, attrs map[string]schema.Attribute) schema.ListNestedAttribute {
		return schema.ListNestedAttribute{Computed: true, MarkdownDescription: description, NestedObject: schema.NestedAttributeObject{Attributes: attrs}}
	}
	return map[string]schema.Attribute{
		"upcoming": list("The times of the windows in scope that reach into the horizon, by their start.", map[string]schema.Attribute{
			"window": computed("The name of the window."), "kind": computed("Its kind: `allow` or `freeze`."),
			"starts_at": computed("When it starts, RFC 3339 in the window's zone."), "ends_at": computed("The first instant behind it."),
			"reason": computed("Why; null without one."), "owner": computed("Whom to ask; null without one."),
		}),
		"open_periods": list("When, within the horizon, changes may go forward.", map[string]schema.Attribute{
			"starts_at": computed("When it opens, RFC 3339 in UTC."), "ends_at": computed("When it closes."),
		}),
		"overlaps": list("Pairs of windows that share time within the horizon. That is no mistake by itself: a freeze over an allow is what a freeze is for.", map[string]schema.Attribute{
			"first": computed("The name of one window."), "second": computed("The name of the other."),
			"first_kind": computed("The kind of the one."), "second_kind": computed("The kind of the other."),
			"starts_at": computed("The first moment that they share, RFC 3339 in UTC."), "ends_at": computed("The end of that."),
			"count": schema.Int64Attribute{Computed: true, MarkdownDescription: "How many of their occurrences meet."},
			"total": computed("How long they share in all, as a duration."),
		}),
		"contradictions": list("What cannot all be meant, within a year from the instant on: nothing is ever open, an allow that freezes shut each time, two windows of one name.", map[string]schema.Attribute{
			"kind":    computed("`never_open`, `shut_allow` or `double_name`."),
			"windows": listed("The names of the windows concerned."),
			"message": computed("What is wrong, and what to do."),
		}),
	}
}
