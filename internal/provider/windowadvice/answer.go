package windowadvice

import (
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

func text(description string) schema.StringAttribute {
	return schema.StringAttribute{Computed: true, MarkdownDescription: description}
}

func number(description string) schema.Float64Attribute {
	return schema.Float64Attribute{Computed: true, MarkdownDescription: description}
}

func texts(description string) schema.ListAttribute {
	return schema.ListAttribute{ElementType: types.StringType, Computed: true, MarkdownDescription: description}
}

// answered are the attributes of advice.Advice, by its names in JSON.
func answered() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"found":             schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether there is a window."},
		"from":              text("Where the traffic begins, RFC 3339."),
		"to":                text("Where it ends."),
		"weeks_known":       schema.Int64Attribute{Computed: true, MarkdownDescription: "How many whole weeks it spans."},
		"requests_per_hour": number("The average hour of the week."),
		"unknown_hours":     schema.Int64Attribute{Computed: true, MarkdownDescription: "How many of the 168 hours of the week are not known in at least half of the weeks. They are never quiet."},
		"budget_spent":      number("Which share of the error budget the errors of the traffic spend anyway, from 0 on; null without errors or objective."),
		"reasons":           texts("Why the advice is what it is, in sentences."),
		"picture":           text("The week in characters, a row for each day, within 80 columns."),
		"quiet_hours": schema.ListNestedAttribute{
			Computed: true, MarkdownDescription: "The quiet hours of the week, whatever `within` says.",
			NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
				"day": text("The day, such as `monday`."), "from": text("From when on, such as `01:00`."), "to": text("Until when."),
				"requests_per_hour": number("Their requests, per hour."), "share_of_mean": number("That as a share of the average hour."),
			}},
		},
		"touched": schema.SingleNestedAttribute{
			Computed: true, MarkdownDescription: "What the release touches at other times; null where none is planned.",
			Attributes: map[string]schema.Attribute{
				"takes": text("How long it takes."), "requests_at_mean": number("The requests that meet the new artifact at the average rate."),
				"requests_at_busiest": number("The same when it begins at the busiest hour."),
				"budget_at_mean":      number("Which share of the error budget of 30 days it would spend if all of them failed; null without objective."),
				"budget_at_busiest":   number("The same when it begins at the busiest hour."),
			},
		},
		"windows": schema.ListNestedAttribute{
			Computed: true, MarkdownDescription: "The windows, the one with most hours first. `recurrence = data.sluice_window_advice.example.windows[*].recurrence` puts them into a `sluice_change_window`.",
			NestedObject: schema.NestedAttributeObject{Attributes: window()},
		},
	}
}

func window() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"days": texts("The days on which it begins, such as `monday`."), "from": text("When it begins, such as `01:00`."), "to": text("When it ends; earlier than `from` is on the next day."),
		"duration": text("How long it is."), "time_zone": text("The zone of its wall clock."),
		"requests_per_hour": number("The requests in it, per hour."), "share_of_mean": number("That as a share of the average hour."),
		"best_start":                text("The best full hour to begin the release with."),
		"requests_touched_at_best":  number("The requests that then meet the new artifact; null where no release is planned."),
		"requests_touched_at_worst": number("The same at the worst full hour at which the release still ends inside."),
		"budget_touched":            number("Which share of the error budget of 30 days the worst would spend if all of them failed; null without objective."),
		"reason":                    text("Why, in words and numbers."),
		"recurrence": schema.SingleNestedAttribute{
			Computed: true, MarkdownDescription: "The window as an entry of `recurrence` of `sluice_change_window`. It begins with a fixed week in the past, so that it does not change from plan to plan, and ends on the wall clock, like the quiet hours.",
			Attributes: map[string]schema.Attribute{
				"start": text("The first occurrence."), "end": text("Its end."), "rrule": text("The weekly rule."),
			},
		},
	}
}
