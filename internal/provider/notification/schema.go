// Package notification is sluice_notification: who is told of what happened.
package notification

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/notify"
	"github.com/sluice/terraform-provider-sluice/internal/provider/durationtype"
)

const description = "Tells a webhook or a file what happened: each record that matters to others becomes a CloudEvent with the vocabulary of CDEvents, " +
	"and is delivered at least once, in the order of each release, with an `id` that is the same at each repetition. " +
	"Nothing that changes a release waits for it, a rollback least of all. What a receiver does not take stays open, for days if need be, and nothing is dropped.\n\n" +
	"Whoever drives a release delivers beside it, the agent does all the time, and `sluice notification deliver` does it from a cron job. `sluice notification status` shows what is open and why. " +
	"The [guide](../guides/notifications.md) lists which record becomes which event. " +
	"One that is declared anew is told what happened since five minutes before it was declared."

func attributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"webhook": schema.SingleNestedAttribute{
			Optional:            true,
			MarkdownDescription: "A server that is sent each event with a `POST`, as `application/cloudevents+json`. Any status from 200 to 299 means that it has taken the event. Either this or `file`.",
			Attributes:          webhook(),
		},
		"file": schema.SingleNestedAttribute{
			Optional:            true,
			MarkdownDescription: "A file to which each event is appended as a line of JSON, by whoever delivers, on their machine. It is opened for each batch, so that it can be renamed at any time: rotating it is logrotate's. Either this or `webhook`.",
			Attributes: map[string]schema.Attribute{
				"path": schema.StringAttribute{Required: true, MarkdownDescription: "The file, absolute. Its folder must exist. Example: `\"/var/log/sluice/events.jsonl\"`."},
			},
		},
		"events":       texts("The types that are told, without their versions; `*` stands for any text. Default: all. Example: `[\"dev.cdevents.service.*\", \"dev.cdeventsx.sluice-rollout.paused\"]`."),
		"services":     texts("The services whose events are told. An event that is of no service is then left out. Default: all. Example: `[\"checkout\"]`."),
		"environments": texts("The environments whose events are told. An event that is of no environment is then left out. Default: all. Example: `[\"production\"]`."),
	}
}

func webhook() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"url":         schema.StringAttribute{Optional: true, MarkdownDescription: "Where to, with http or https, without user, password, query and fragment. Example: `\"https://events.example/sluice\"`."},
		"url_from":    reference("Where the URL is, instead of `url`, where the URL itself is a secret.", "EVENTS_URL", false),
		"token":       reference("Where the bearer token is.", "EVENTS_TOKEN", false),
		"signing_key": reference("Where the key is that signs each request by the rules of [Standard Webhooks](https://www.standardwebhooks.com): the headers `webhook-id`, `webhook-timestamp` and `webhook-signature`. A key that begins with `whsec_` is base64 behind it; any other text is the key itself.", "EVENTS_SIGNING_KEY", false),
		"header": schema.SingleNestedAttribute{
			Optional: true, MarkdownDescription: "One more header, whose value is a secret.",
			Attributes: map[string]schema.Attribute{
				"name":  schema.StringAttribute{Required: true, MarkdownDescription: "Its name. Example: `\"X-Api-Key\"`."},
				"value": reference("Where its value is.", "EVENTS_KEY", true),
			},
		},
		"timeout": schema.StringAttribute{
			Optional: true, CustomType: durationtype.Type{}, Validators: []validator.String{durationtype.Positive()},
			MarkdownDescription: fmt.Sprintf("Bounds one delivery with its repeats, at most `%s`. Default: `%s`.", field.FormatDuration(notify.MaxTimeout), field.FormatDuration(notify.DefaultTimeout)),
		},
	}
}

// reference is an attribute that says where a secret is.
func reference(text, variable string, required bool) schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Optional: !required, Required: required,
		MarkdownDescription: text + " Exactly one of its attributes is given; the secret itself never stands in configuration, state or ledger.",
		Attributes: map[string]schema.Attribute{
			"env":     schema.StringAttribute{Optional: true, MarkdownDescription: fmt.Sprintf("An environment variable of whoever delivers. Example: `%q`.", variable)},
			"file":    schema.StringAttribute{Optional: true, MarkdownDescription: "A file whose whole content it is. Example: `\"/run/secrets/events\"`."},
			"command": schema.ListAttribute{ElementType: types.StringType, Optional: true, MarkdownDescription: "A program and its arguments, run without a shell, whose output it is. Example: `[\"pass\", \"show\", \"events\"]`."},
		},
	}
}

func texts(description string) schema.ListAttribute {
	return schema.ListAttribute{ElementType: types.StringType, Optional: true, MarkdownDescription: description}
}
