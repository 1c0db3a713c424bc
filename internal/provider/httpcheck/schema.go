// Package httpcheck is the part of a schema that describes an HTTP check.
package httpcheck

import (
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/sluice/terraform-provider-sluice/internal/check"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/provider/choice"
	"github.com/sluice/terraform-provider-sluice/internal/provider/durationtype"
	"github.com/sluice/terraform-provider-sluice/internal/provider/partial"
	"github.com/sluice/terraform-provider-sluice/internal/provider/tfconv"
)

var methods = []string{"GET", "HEAD", "POST"}

// Attributes are what a check.Check has, without its attempts: whether an answer that
// is not as expected is asked for again is the caller's affair.
func Attributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"name": schema.StringAttribute{Required: true, MarkdownDescription: "What is checked, for people and records. Example: `\"status\"`."},
		"url":  schema.StringAttribute{Required: true, MarkdownDescription: "What is asked, with http or https and without credentials. Example: `\"https://psp.example/healthz\"`."},
		"method": schema.StringAttribute{
			Optional: true, MarkdownDescription: "How it is asked: " + tfconv.OneOf(methods) + ". Default: `GET`.",
			Validators: []validator.String{partial.String(choice.Of("method", methods))},
		},
		"headers": schema.MapAttribute{
			ElementType: types.StringType, Optional: true,
			MarkdownDescription: "Headers that are sent. Those that hold secrets by their nature, such as `Authorization`, are refused: give `token`. Example: `{ Accept = \"application/json\" }`.",
		},
		"body":  schema.StringAttribute{Optional: true, MarkdownDescription: "What is sent with a `POST`. It is kept in state and ledger. Example: `jsonencode({ probe = true })`."},
		"token": token(),
		"username": schema.StringAttribute{
			Optional: true, MarkdownDescription: "Makes `token` the password of this user. Example: `\"sluice\"`.",
		},
		"timeout": schema.StringAttribute{
			Optional: true, CustomType: durationtype.Type{}, Validators: []validator.String{durationtype.Positive()},
			MarkdownDescription: "Bounds the answer. An answer that does not come in time is unknown, which is no pass. Default: `" + field.FormatDuration(check.DefaultTimeout) + "`.",
		},
		"expect": schema.SingleNestedAttribute{
			Optional: true, MarkdownDescription: "What the answer must be; all of it must hold. Default: a status from 200 to 299.",
			Attributes: map[string]schema.Attribute{
				"status": schema.ListAttribute{
					ElementType: types.Int64Type, Optional: true,
					MarkdownDescription: "The statuses of which it has one. Default: any from 200 to 299. Example: `[200, 204]`.",
				},
				"headers": assertions("What is expected of headers, by name. Example: `{ Content-Type = { matches = \"application/json.*\" } }`."),
				"json":    assertions("What is expected at dotted paths of the body, which must be JSON then. A number selects from a list. Example: `{ \"status.indicator\" = { equals = \"none\" } }`."),
				"within": schema.StringAttribute{
					Optional: true, CustomType: durationtype.Type{}, Validators: []validator.String{durationtype.Positive()},
					MarkdownDescription: "The longest time to the end of the answer, at most `timeout`. Example: `\"500ms\"`.",
				},
			},
		},
	}
}

func assertions(description string) schema.MapNestedAttribute {
	return schema.MapNestedAttribute{
		Optional: true, MarkdownDescription: description,
		NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
			"equals":  schema.StringAttribute{Optional: true, MarkdownDescription: "The value as text. Numbers are compared as numbers. Either this or `matches`. Example: `\"ok\"`."},
			"matches": schema.StringAttribute{Optional: true, MarkdownDescription: "A regular expression (RE2) that the whole text must match. Example: `\"ok|degraded\"`."},
		}},
	}
}

func token() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Optional: true, MarkdownDescription: "Where the bearer token is. Exactly one is given. The token itself never stands in configuration, state or ledger.",
		Attributes: map[string]schema.Attribute{
			"env":     schema.StringAttribute{Optional: true, MarkdownDescription: "An environment variable of whoever asks. Example: `\"CHECK_TOKEN\"`."},
			"file":    schema.StringAttribute{Optional: true, MarkdownDescription: "A file whose whole content is the token. Example: `\"/run/secrets/check\"`."},
			"command": schema.ListAttribute{ElementType: types.StringType, Optional: true, MarkdownDescription: "A program and its arguments, run without a shell, whose output is the token. Example: `[\"pass\", \"show\", \"psp\"]`."},
		},
	}
}
