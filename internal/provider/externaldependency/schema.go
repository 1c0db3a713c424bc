// Package externaldependency is sluice_external_dependency: a third party that
// services need.
package externaldependency

import (
	"fmt"
	"maps"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/sluice/terraform-provider-sluice/internal/dependency"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/provider/changewindow"
	"github.com/sluice/terraform-provider-sluice/internal/provider/httpcheck"
	"github.com/sluice/terraform-provider-sluice/internal/provider/tfconv"
)

const description = "A third party that services need: whom to ask about it, when it is in maintenance, and how to find out whether it is well. " +
	"A service names it in `external_dependencies`; the gate `dependency` then keeps releases of the service back, and of every service that needs that one, " +
	"while the third party is in maintenance or a health check does not pass. A rollback is never held up by it.\n\n" +
	"A dependency that a service names and nobody declares is unknown, which blocks, as does one that cannot be asked. " +
	"A dependency may be deleted while services still name it, with a warning; their releases are blocked from then on."

func attributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"description": text(fmt.Sprintf("What it is, for people, in at most %d characters. Example: `\"takes the card payments\"`.", dependency.MaxDescription)),
		"team":        text("The team that owns the relation with it. Example: `\"payments\"`."),
		"contact":     text("Whom to ask there; it is shown to whoever is stopped. Example: `\"psp-desk@example.com\"`."),
		"labels": schema.MapAttribute{
			ElementType: types.StringType, Optional: true, MarkdownDescription: "Labels, for people; nothing depends on them. Example: `{ contract = \"C-1042\" }`.",
		},
		"override_by": schema.ListAttribute{
			ElementType: types.StringType, Optional: true,
			MarkdownDescription: "Who may let one release through with `sluice override RELEASE --window dependency:NAME`, although it is in maintenance or a check does not pass: names of actors, or patterns in which `*` stands for any text. " +
				"Default: anybody who can write to the ledger; an empty list means nobody. Example: `[\"*@sre.example\"]`.",
		},
		"maintenance": maintenance(),
		"checks":      checks(),
	}
}

func maintenance() schema.SingleNestedAttribute {
	attrs := map[string]schema.Attribute{
		"time_zone": schema.StringAttribute{
			Required:            true,
			MarkdownDescription: "The IANA name of the zone that local times are in. Example: `\"Europe/Berlin\"` or `\"UTC\"`.",
		},
		"reason": text("Tells the person who is stopped more, in at most 900 characters. Example: `\"database upgrades\"`."),
	}
	maps.Copy(attrs, changewindow.Times())
	maps.Copy(attrs, changewindow.Conduct())
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: "When it may be away: a freeze for whatever depends on it, with the times of a `sluice_change_window`. " +
			"The window's name is `dependency:` and the dependency's, in `sluice calendar` and for an override.",
		Attributes: attrs,
	}
}

func checks() schema.ListNestedAttribute {
	attrs := httpcheck.Attributes()
	attrs["when"] = schema.ListAttribute{
		ElementType: types.StringType, Optional: true,
		MarkdownDescription: "When it is asked: " + tfconv.OneOf(dependency.Phases()) + ". `before` keeps a rollout from beginning, and its plan says so. `during` is asked before each step, and while a step or the bake lasts at each look; " +
			"it pauses a rollout until it passes again, and never turns one back. `after` is asked once a rollout has succeeded: the result stands in the record, and one that does not pass is a warning. Default: all of them. Example: `[\"before\", \"during\"]`.",
	}
	return schema.ListNestedAttribute{
		Optional: true,
		MarkdownDescription: fmt.Sprintf("Health checks: HTTP requests, and what their answers must be, at most %d. An answer other than expected fails; one that does not come within its timeout, of at most %s, is unknown. Both block.",
			dependency.MaxChecks, field.FormatDuration(dependency.MaxTimeout)),
		NestedObject: schema.NestedAttributeObject{Attributes: attrs},
	}
}

// text is optional text.
func text(description string) schema.StringAttribute {
	return schema.StringAttribute{Optional: true, MarkdownDescription: description}
}
