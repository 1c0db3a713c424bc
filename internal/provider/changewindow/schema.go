// Package changewindow is sluice_change_window: when changes may go forward.
package changewindow

import (
	"maps"

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
	attrs := map[string]schema.Attribute{
		"kind": schema.StringAttribute{
			Required:            true,
			MarkdownDescription: "What the window does while it is on: " + tfconv.OneOf(kinds) + ".",
			Validators:          []validator.String{partial.String(choice.Of("kind of window", kinds))},
		},
		"time_zone": schema.StringAttribute{
			Required:            true,
			MarkdownDescription: "The IANA name of the zone that local times are in. Example: `\"Europe/Berlin\"` or `\"UTC\"`.",
		},
		"scope": schema.SingleNestedAttribute{
			Optional:            true,
			MarkdownDescription: "What the window holds for. Parts that are given must all match; a part matches when one of its entries does. Without a scope it holds for everything.",
			Attributes: map[string]schema.Attribute{
				"environments": names("Names of environments. Example: `[\"production\"]`."),
				"tiers":        names("Tiers of environments: " + tfconv.OneOf(release.Tiers()) + "."),
				"regions":      names("Regions. An environment in several regions is open when each of them is. Example: `[\"eu-central-1\"]`."),
				"services":     names("Names of services. Example: `[\"checkout\"]`."),
				"teams":        names("Teams that own the services. Example: `[\"payments\"]`."),
				"depends_on": names("Services and external dependencies, by name: the window holds for what needs one of them, directly or through other services. " +
					"While the window is on, a name that nothing declares blocks, since nobody can tell what needs it. Example: `[\"psp\"]`."),
				"labels": schema.MapAttribute{ElementType: types.StringType, Optional: true, MarkdownDescription: "Labels that must all be there with these values. Example: `{ team = \"payments\" }`."},
			},
		},
		"reason":     text("Tells the person who is stopped why, in at most 1000 characters. Example: `\"peak trade\"`."),
		"owner":      text("Whom to ask, in at most 128 characters. Example: `\"retail-ops\"`."),
		"regulation": text("The rule that asks for the window, in at most 128 characters; it is shown behind the reason. Example: `\"SOX 404\"`."),
		"override_by": names("Who may override the window for one release with `sluice override`: names of actors, or patterns in which `*` stands for any text. " +
			"The list is asked again whenever the window is. Default: anybody who can write to the ledger; an empty list means nobody. Example: `[\"*@sre.example\"]`."),
		"severity": schema.StringAttribute{
			Optional: true, MarkdownDescription: "How much it matters: " + tfconv.OneOf(severities) + ". It is shown to people; nothing depends on it yet.",
			Validators: []validator.String{partial.String(choice.Of("severity", severities))},
		},
	}
	maps.Copy(attrs, Times())
	maps.Copy(attrs, Conduct())
	return attrs
}

// Conduct are the attributes that say how a window deals with what is under way, and
// with clocks that change.
func Conduct() map[string]schema.Attribute {
	return map[string]schema.Attribute{
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
