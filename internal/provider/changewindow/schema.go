// Package changewindow is sluice_change_window: when changes may go forward.
package changewindow

import (
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/sluice/terraform-provider-sluice/internal/provider/choice"
	"github.com/sluice/terraform-provider-sluice/internal/provider/partial"
	"github.com/sluice/terraform-provider-sluice/internal/provider/tfconv"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// The choices of the schema, for validators and descriptions alike.
var (
	kinds      = []string{"allow", "freeze"}
	gaps       = []string{"shift", "skip"}
	severities = []string{"low", "medium", "high", "critical"}
)

const description = "When changes may (`allow`) or may not (`freeze`) go forward, in local time of an IANA zone. " +
	"A freeze beats every allow; once an allow is in scope, changes are closed outside all of them. A rollback is never held up by a window.\n\n" +
	"A window that the same apply declares counts for releases that come after it; name it in `depends_on` of a release to be sure."

func attributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"kind": schema.StringAttribute{
			Required:            true,
			MarkdownDescription: "What the window does while it is on: " + tfconv.OneOf(kinds) + ".",
			Validators:          []validator.String{partial.String(choice.Of("kind of window", kinds))},
		},
		"time_zone": schema.StringAttribute{
			Required:            true,
			MarkdownDescription: "The IANA name of the zone that local times are in. Example: `\"Europe/Berlin\"` or `\"UTC\"`.",
		},
		"absolute": schema.ListNestedAttribute{
			Optional: true, MarkdownDescription: "Spans that come once.",
			NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
				"starts_at": schema.StringAttribute{
					Required:            true,
					MarkdownDescription: "The first moment: an instant with its offset (`\"2026-12-24T18:00:00+01:00\"`), a local time (`\"2026-12-24T18:00\"`) or a day (`\"2026-12-24\"`, from its beginning).",
				},
				"ends_at": schema.StringAttribute{
					Required:            true,
					MarkdownDescription: "The first moment that is outside again, in the same forms. A day here means through its end: `\"2026-12-24\"` until `\"2026-12-26\"` is three whole days.",
				},
			}},
		},
		"weekly": schema.ListNestedAttribute{
			Optional: true, MarkdownDescription: "Times that come every week.",
			NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
				"days": schema.ListAttribute{
					ElementType: types.StringType, Required: true,
					MarkdownDescription: "The days on which it starts: `monday` to `sunday`, or `mon` to `sun`. Example: `[\"mon\", \"tue\"]`.",
				},
				"from": schema.StringAttribute{Required: true, MarkdownDescription: "The local time at which it starts, `00:00` to `23:59`. Example: `\"09:00\"`."},
				"to":   schema.StringAttribute{Required: true, MarkdownDescription: "The local time just before which it ends, `00:00` to `24:00`. An earlier time than `from` is on the day after. Example: `\"17:00\"`."},
			}},
		},
		"scope": schema.SingleNestedAttribute{
			Optional:            true,
			MarkdownDescription: "What the window holds for. Parts that are given must all match; a part matches when one of its entries does. Without a scope it holds for everything.",
			Attributes: map[string]schema.Attribute{
				"environments": schema.ListAttribute{ElementType: types.StringType, Optional: true, MarkdownDescription: "Names of environments. Example: `[\"production\"]`."},
				"tiers":        schema.ListAttribute{ElementType: types.StringType, Optional: true, MarkdownDescription: "Tiers of environments: " + tfconv.OneOf(release.Tiers()) + "."},
				"services":     schema.ListAttribute{ElementType: types.StringType, Optional: true, MarkdownDescription: "Names of services. Example: `[\"checkout\"]`."},
				"labels":       schema.MapAttribute{ElementType: types.StringType, Optional: true, MarkdownDescription: "Labels that must all be there with these values. Example: `{ team = \"payments\" }`."},
			},
		},
		"reason": schema.StringAttribute{
			Optional: true, MarkdownDescription: "Tells the person who is stopped why, in at most 1000 characters. Example: `\"peak trade\"`.",
		},
		"owner": schema.StringAttribute{
			Optional: true, MarkdownDescription: "Whom to ask, in at most 128 characters. Example: `\"retail-ops\"`.",
		},
		"severity": schema.StringAttribute{
			Optional: true, MarkdownDescription: "How much it matters: " + tfconv.OneOf(severities) + ". It is shown to people; nothing depends on it yet.",
			Validators: []validator.String{partial.String(choice.Of("severity", severities))},
		},
		"overrun": schema.BoolAttribute{
			Optional: true, MarkdownDescription: "Whether a rollout that began while changes were open goes on when this window closes them. Default: `false`, which pauses it.",
		},
		"dst_gap": schema.StringAttribute{
			Optional: true,
			MarkdownDescription: "What becomes of an occurrence whose start falls into the hour that is left out when clocks go forward: " + tfconv.OneOf(gaps) + ". " +
				"Default: `shift` for a freeze, `skip` for an allow.",
			Validators: []validator.String{partial.String(choice.Of("choice", gaps))},
		},
	}
}
