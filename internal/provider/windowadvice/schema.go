// Package windowadvice is the data source sluice_window_advice: the quiet hours of
// the week, and windows made of them.
package windowadvice

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/sluice/terraform-provider-sluice/internal/calendar/advice"
	"github.com/sluice/terraform-provider-sluice/internal/provider/definition"
	"github.com/sluice/terraform-provider-sluice/internal/provider/durationtype"
	"github.com/sluice/terraform-provider-sluice/internal/provider/mirrored"
	"github.com/sluice/terraform-provider-sluice/internal/provider/percenttype"
	"github.com/sluice/terraform-provider-sluice/internal/provider/release"
)

const description = "When in the week the fewest users are there: from the traffic of the past weeks to the quiet hours on the wall clock of a time zone, the requests and the error budget that a release then would touch, and windows that `sluice_change_window` takes as they are, with the reasons. " +
	"An hour counts by its median over the weeks, so that one holiday changes nothing, and an hour that is not known is never quiet. Where there is no pattern there is no window, and it says so."

// Schema implements datasource.DataSource.
func (d *DataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	attributes := asked()
	for name, a := range answered() {
		attributes[name] = a
	}
	resp.Schema = schema.Schema{MarkdownDescription: description, Attributes: attributes}
}

func optional(description string, more ...validator.String) schema.StringAttribute {
	return schema.StringAttribute{Optional: true, MarkdownDescription: description, Validators: more}
}

func duration(description string) schema.StringAttribute {
	a := optional(description, durationtype.Positive())
	a.CustomType = durationtype.Type{}
	return a
}

func share(description string) schema.StringAttribute {
	a := optional(description, percenttype.Valid())
	a.CustomType = percenttype.Type{}
	return a
}

// asked are the attributes that an author writes.
func asked() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"time_zone": schema.StringAttribute{Required: true, MarkdownDescription: "The IANA name of the zone whose wall clock the users live by. Example: `\"Europe/Berlin\"`."},
		"csv": schema.SingleNestedAttribute{
			Optional: true,
			MarkdownDescription: "Traffic as CSV: a header that names the columns `time` (RFC 3339, where the interval begins), `requests` and, if it is counted, `errors`; then a line for each interval of a minute to an hour, oldest first. " +
				"An interval of which nothing is known is left out. At least a week; four are better.",
			Attributes: map[string]schema.Attribute{
				"content": optional("The text of the file."),
				"file":    optional("The path of the file, which must be there when Terraform plans. Example: `\"${path.module}/traffic.csv\"`."),
			},
		},
		"signal": schema.SingleNestedAttribute{
			Optional: true, Attributes: mirrored.Attributes(release.SignalDrivers()),
			MarkdownDescription: "The signal whose past is read, as a release has it; exactly one driver is given. Only `prometheus` keeps a past; its `timeout` bounds the one question. Both arms count. Instead of `csv`.",
		},
		"metric": optional(fmt.Sprintf("The metric of the signal that counts requests and errors. Default: `%q`.", defaultMetric)),
		"weeks":  schema.Int64Attribute{Optional: true, MarkdownDescription: fmt.Sprintf("How many weeks of the signal are read, 1 to %d. Default: `%d`.", maxWeeks, defaultWeeks)},
		"until":  optional("Up to when the signal is read, RFC 3339 with an offset. Default: now, so that it may differ from plan to plan. Example: `\"2026-11-23T00:00:00Z\"`."),
		"service_definition": schema.SingleNestedAttribute{
			Optional: true, Attributes: named("service"),
			MarkdownDescription: "The service whose error objective is the budget, as `sluice_service.example.definition`. `{ name = \"example\" }` takes one that the ledger knows already.",
		},
		"error_ceiling": share("The share of requests that may fail, instead of `service_definition`. Without either no budget is counted. Example: `\"1%\"`."),
		"strategy": schema.SingleNestedAttribute{
			Optional: true, Attributes: named("strategy"),
			MarkdownDescription: "The strategy of the release that is planned, as `sluice_deployment_strategy.example.definition`: its steps for as long as they stand at the least, and its bake. `{ name = \"example\" }` takes one that the ledger knows already.",
		},
		"release": schema.SingleNestedAttribute{
			Optional: true, MarkdownDescription: "The release that is planned, in short, instead of `strategy`.",
			Attributes: map[string]schema.Attribute{
				"takes": schema.StringAttribute{Required: true, CustomType: durationtype.Type{}, Validators: []validator.String{durationtype.Positive()}, MarkdownDescription: "How long it takes. Example: `\"45m\"`."},
				"share": schema.StringAttribute{Required: true, CustomType: percenttype.Type{}, Validators: []validator.String{percenttype.Valid()}, MarkdownDescription: "Which share of the users meets the new artifact meanwhile. Example: `\"10%\"`."},
			},
		},
		"within": schema.ListNestedAttribute{
			Optional: true, MarkdownDescription: "When windows may lie, such as when people are awake. Default: at any time. Example: `[{ days = [\"mon\", \"tue\", \"wed\", \"thu\"], from = \"08:00\", to = \"18:00\" }]`.",
			NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
				"days": schema.ListAttribute{ElementType: types.StringType, Required: true, MarkdownDescription: "The days of the week, `mon` to `sun`."},
				"from": schema.StringAttribute{Required: true, MarkdownDescription: "From when on, `00:00` to `23:59`."},
				"to":   schema.StringAttribute{Required: true, MarkdownDescription: "Until when, `00:00` to `24:00`; earlier than `from` means on the next day."},
			}},
		},
		"quiet_share": share(fmt.Sprintf("Up to which share of the average hour an hour is quiet. Default: `\"%s\"`.", percenttype.Format(advice.DefaultQuietShare))),
		"min_length":  duration("How long a window must be, in whole hours, at most `24h`. Default: an hour, or the time of the release where that is longer. Example: `\"2h\"`."),
		"max_windows": schema.Int64Attribute{Optional: true, MarkdownDescription: fmt.Sprintf("How many windows are made, 1 to %d. Default: `%d`.", advice.MostWindows, advice.DefaultMaxWindows)},
	}
}

// named are the attributes of a definition.
func named(noun string) map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"name":    schema.StringAttribute{Required: true, MarkdownDescription: "The name of the " + noun + ".", Validators: []validator.String{definition.Name()}},
		"content": optional("The content of the " + noun + ", from its `definition`. Without it the ledger is asked for the name."),
	}
}
