package driftcheck

import (
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/sluice/terraform-provider-sluice/internal/drift"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/provider/durationtype"
)

func expectationAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"equals": schema.StringAttribute{Optional: true, MarkdownDescription: "The value as text: `100` is met by the number and by the string, `null` by null. Numbers are compared as numbers. For an object or a list give its JSON. Example: `100`."},
		"sha256": schema.StringAttribute{Optional: true, MarkdownDescription: "The hash of that text, for a value that nobody may see; what is found instead is never shown. Example: `sha256(var.expected)`."},
	}
}

func documentsAttribute() schema.MapNestedAttribute {
	return schema.MapNestedAttribute{
		Optional: true,
		MarkdownDescription: "What is declared outside of the target, by names of your choice, which begin the paths: `settings.limits.max`. Only the declared paths are compared. " +
			"A document of more than 1 MiB, one that is not JSON, and one that cannot be read in time are unknown.",
		NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
			"url":  schema.StringAttribute{Optional: true, MarkdownDescription: "Where a GET gives the JSON document, with http or https and without credentials. Either this or `file`. Example: `\"https://config.example/checkout.json\"`."},
			"file": schema.StringAttribute{Optional: true, MarkdownDescription: "A regular file on the machine that plans. Example: `\"/etc/checkout/settings.json\"`."},
			"token": schema.SingleNestedAttribute{
				Optional: true, MarkdownDescription: "Where the bearer token for the URL is. Exactly one is given. The token itself never stands in configuration, state or ledger.",
				Attributes: map[string]schema.Attribute{
					"env":     schema.StringAttribute{Optional: true, MarkdownDescription: "An environment variable of whoever looks. Example: `\"CONFIG_TOKEN\"`."},
					"file":    schema.StringAttribute{Optional: true, MarkdownDescription: "A file whose whole content is the token. Example: `\"/run/secrets/config\"`."},
					"command": schema.ListAttribute{ElementType: types.StringType, Optional: true, MarkdownDescription: "A program and its arguments, run without a shell, whose output is the token. Example: `[\"pass\", \"show\", \"config\"]`."},
				},
			},
			"timeout": schema.StringAttribute{
				Optional: true, CustomType: durationtype.Type{}, Validators: []validator.String{durationtype.NotNegative()},
				MarkdownDescription: "Bounds one reading, from `100ms` to `1m`. Default: `" + field.FormatDuration(drift.DefaultTimeout) + "`.",
			},
			"sha256": schema.StringAttribute{Optional: true, MarkdownDescription: "The hash of the whole content, which need not be JSON then. Example: `filesha256(\"settings.json\")`."},
			"paths": schema.MapNestedAttribute{
				Optional: true, MarkdownDescription: "What is expected at dotted paths below the root of the JSON. A number selects from a list. Example: `{ \"servers.0.port\" = { equals = 8080 } }`.",
				NestedObject: schema.NestedAttributeObject{Attributes: expectationAttributes()},
			},
		}},
	}
}

func acceptedAttribute() schema.ListNestedAttribute {
	return schema.ListNestedAttribute{
		Optional: true, MarkdownDescription: "The values that `mode = \"accept\"` takes, each with its reason. Any other value at the same path is drift. What nobody could see is never accepted.",
		NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
			"path":   schema.StringAttribute{Required: true, MarkdownDescription: "The path of the difference, in full. Example: `\"" + drift.PathWeight + "\"`."},
			"value":  schema.StringAttribute{Optional: true, MarkdownDescription: "The value as a report shows it, without quotes. Either this or `sha256`. Example: `\"70 %\"`."},
			"sha256": schema.StringAttribute{Optional: true, MarkdownDescription: "The digest that `sluice drift --json` gives, or the hash of a value that nobody may see."},
			"reason": schema.StringAttribute{Required: true, MarkdownDescription: "Why it is accepted. Example: `\"agreed in incident 7\"`."},
		}},
	}
}
