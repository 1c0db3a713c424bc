package changewindow

import (
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/sluice/terraform-provider-sluice/internal/provider/choice"
	"github.com/sluice/terraform-provider-sluice/internal/provider/partial"
	"github.com/sluice/terraform-provider-sluice/internal/provider/tfconv"
)

// treatments are the choices of ics.transparent.
var treatments = []string{"keep", "leave_out"}

// Times are the attributes that say when a window is on.
func Times() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"absolute":   absolute(),
		"weekly":     weekly(),
		"recurrence": recurrence(),
		"events":     events(),
		icsAttr:      calendarFile(),
	}
}

// names is an optional list of text.
func names(description string) schema.ListAttribute {
	return schema.ListAttribute{ElementType: types.StringType, Optional: true, MarkdownDescription: description}
}

// text is optional text.
func text(description string) schema.StringAttribute {
	return schema.StringAttribute{Optional: true, MarkdownDescription: description}
}

// absolute are spans that come once.
func absolute() schema.ListNestedAttribute {
	return schema.ListNestedAttribute{
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
	}
}

// weekly are times that come every week.
func weekly() schema.ListNestedAttribute {
	return schema.ListNestedAttribute{
		Optional: true, MarkdownDescription: "Times that come every week.",
		NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
			"days": schema.ListAttribute{
				ElementType: types.StringType, Required: true,
				MarkdownDescription: "The days on which it starts: `monday` to `sunday`, or `mon` to `sun`. Example: `[\"mon\", \"tue\"]`.",
			},
			"from": schema.StringAttribute{Required: true, MarkdownDescription: "The local time at which it starts, `00:00` to `23:59`. Example: `\"09:00\"`."},
			"to":   schema.StringAttribute{Required: true, MarkdownDescription: "The local time just before which it ends, `00:00` to `24:00`. An earlier time than `from` is on the day after. Example: `\"17:00\"`."},
		}},
	}
}

// recurrence are times that come by a rule.
func recurrence() schema.ListNestedAttribute {
	return schema.ListNestedAttribute{
		Optional: true,
		MarkdownDescription: "Times that come by a rule of RFC 5545, by dates, or both. Try a rule with `sluice calendar expand` before it guards production. " +
			"The wall clock of the zone decides: 09:00 stays 09:00 when clocks change.",
		NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
			"start": schema.StringAttribute{
				Required: true,
				MarkdownDescription: "The first occurrence, in local time (`\"2026-01-05T09:00\"`), or its day for whole days (`\"2026-01-05\"`). " +
					"The rule must hold it, as RFC 5545 leaves undefined what else it would mean.",
			},
			"end":      text("Where the first occurrence ends, in the form of `start`: a local time, or the last day that belongs to it. Example: `\"2026-01-05T17:00\"`."),
			"duration": text("How long an occurrence is, instead of `end`: `PT8H` and `8h` are exact, `P1D` and `P2W` follow the wall clock. At most 366 days. Default for whole days: one day."),
			"rrule": text("The rule: FREQ `DAILY`, `WEEKLY`, `MONTHLY` or `YEARLY`, and the other parts of RFC 5545, 3.3.10. One rule alone, of at most 2048 characters. " +
				"Example: `\"FREQ=MONTHLY;BYDAY=-1FR\"`."),
			"exdates": names("Starts of occurrences that do not come, in the form of `start`; a day takes away all that start on it. Example: `[\"2026-12-25T09:00\"]`."),
			"rdates":  names("Further starts, in the form of `start`. Example: `[\"2026-12-29T09:00\"]`."),
		}},
	}
}

// events are times with a summary or a zone of their own.
func events() schema.ListNestedAttribute {
	return schema.ListNestedAttribute{
		Optional: true,
		MarkdownDescription: "Times that have a summary or a zone of their own, such as single holidays. The summary is shown behind `reason` to whoever is stopped. " +
			"What `ics` imports stands here when the window itself is imported into a state.",
		NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
			"summary":    text("What it is, in at most 1000 characters. Example: `\"Christmas Eve\"`."),
			"time_zone":  text("The IANA name of the zone that its local times are in. Default: the window's."),
			"absolute":   absolute(),
			"recurrence": recurrence(),
		}},
	}
}

// calendarFile imports an iCalendar file.
func calendarFile() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: "Imports the events of an iCalendar file (RFC 5545), as calendars of holidays are published. It is read when Terraform plans, and its events become part of the definition: " +
			"what is applied is what was planned, and the plan shows when the file has changed. Zones may be IANA names or those of Windows; one that is neither, and anything else that cannot be read, makes the whole file an error. " +
			"Cancelled events, and those that take no time, are left out.",
		Attributes: map[string]schema.Attribute{
			"content": text("The text of the file. Example: `data.http.holidays.response_body`."),
			"file":    text("The path of the file, which must be there when Terraform plans. Example: `\"${path.module}/holidays.ics\"`."),
			"transparent": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "What becomes of events that show their owner as free or are tentative, as many calendars of holidays do: " + tfconv.OneOf(treatments) + ". " +
					"Default: what closes more, `keep` for a freeze and `leave_out` for an allow.",
				Validators: []validator.String{partial.String(choice.Of("treatment", treatments))},
			},
		},
	}
}
