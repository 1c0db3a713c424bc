package ecrartifact

import (
	"maps"

	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/sluice/terraform-provider-sluice/internal/provider/durationtype"
	"github.com/sluice/terraform-provider-sluice/internal/provider/mirrored"
	"github.com/sluice/terraform-provider-sluice/internal/provider/release"
)

const description = "An image in Amazon ECR as a release takes it: the tag is resolved to a digest, and what the registry knows of the image becomes evidence. It reads and changes nothing.\n\n" +
	"`release` pins the digest: what the release was given for this version stays, also when somebody moves the tag, and the plan says so. " +
	"What is asked with `scan` and `signature` is evidence that `sluice_release` takes in `evidence`; what is not known is never a pass."

// attributes are the schema's.
func attributes() map[string]schema.Attribute {
	attrs := mirrored.Attributes(release.AWSAttributes("ecr"))
	maps.Copy(attrs, asked())
	maps.Copy(attrs, answered())
	return attrs
}

func asked() map[string]schema.Attribute {
	optional := func(description string) schema.StringAttribute {
		return schema.StringAttribute{Optional: true, MarkdownDescription: description}
	}
	return map[string]schema.Attribute{
		"repository":  schema.StringAttribute{Required: true, MarkdownDescription: "The repository's name, without the registry. Example: `\"acme/checkout\"`."},
		"registry_id": schema.StringAttribute{Optional: true, Computed: true, MarkdownDescription: "The account whose registry it is. Default: that of the credentials. Example: `\"123456789012\"`."},
		"tag":         optional("The tag that is resolved. Tag, digest or both must be given. Example: `\"1.4.2\"`."),
		"digest":      schema.StringAttribute{Optional: true, Computed: true, MarkdownDescription: "The image's digest. Given beside a tag it pins the artifact by hand: the digest counts, and a tag that was moved is said. Default: what the tag names, or what `release` has pinned. Example: `\"sha256:9f2c...\"`."},
		"version":     optional("A label for people, which is also what `release` pins by. Default: the tag, or the short digest without one. Example: `\"1.4.2\"`."),
		"release":     optional("The release that pins the digest, by its id. Once it was given an artifact of this repository with this version, the digest stays, whatever the tag names by then. It need not exist yet. Default: the tag is resolved anew at each plan. Example: `\"checkout/production\"`."),
		"scan": schema.SingleNestedAttribute{
			Optional: true, MarkdownDescription: "What the image's scan must have found to be evidence that passes. Default: no scan is read.",
			Attributes: map[string]schema.Attribute{
				"at_most": schema.MapAttribute{ElementType: types.Int64Type, Optional: true, MarkdownDescription: "How many findings there may be of a severity: `critical`, `high`, `medium`, `low`, `informational`, and what nobody has rated: `undefined` in basic scans, `untriaged` in enhanced ones. What is not named may have any number. Default: `{ critical = 0 }`. Example: `{ critical = 0, high = 5 }`."},
				"max_age": schema.StringAttribute{Optional: true, CustomType: durationtype.Type{}, Validators: []validator.String{durationtype.Positive()}, MarkdownDescription: "How old the scan may be when a rollout begins; older is unknown. Default: `168h`. Example: `\"24h\"`."},
			},
		},
		"signature": schema.SingleNestedAttribute{
			Optional: true, MarkdownDescription: "Whose signature the image must have to be evidence that passes. It is verified by `sluice-verify`, which comes with the provider. Default: no signature is looked for.",
			Attributes: signatures(),
		},
		"require_signature": schema.BoolAttribute{Optional: true, MarkdownDescription: "Whether it is an error when no such signature is found, or nobody can tell. Default: `false`, and then it is evidence that does not pass."},
	}
}

// signatures are the attributes of signature.
func signatures() map[string]schema.Attribute {
	optional := func(description string) schema.StringAttribute {
		return schema.StringAttribute{Optional: true, MarkdownDescription: description}
	}
	count := func(description string) schema.Int64Attribute {
		return schema.Int64Attribute{Optional: true, MarkdownDescription: description + " From 0 to 10. Default: `1`."}
	}
	return map[string]schema.Attribute{
		"identity": schema.SingleNestedAttribute{
			Optional: true, MarkdownDescription: "Whose certificate must have signed. Either this or `public_key` must be given; of each pair exactly one.",
			Attributes: map[string]schema.Attribute{
				"issuer":          optional("Who says who it is. Example: `\"https://token.actions.githubusercontent.com\"`."),
				"issuer_pattern":  optional("A regular expression for the whole issuer."),
				"subject":         optional("Who it is: the certificate's subject alternative name. Example: `\"releases@acme.example\"`."),
				"subject_pattern": optional("A regular expression for the whole subject. Example: `\"https://github.com/acme/checkout/.github/workflows/.*\"`."),
			},
		},
		"public_key":               optional("The key that must have signed, in PEM. Example: `file(\"release.pub\")`."),
		"bundle":                   optional("The content of a Sigstore bundle. Default: the bundles that refer to the image in ECR, and what cosign attached under the tag `sha256-<hex>.sig`. Example: `file(\"checkout.sigstore.json\")`."),
		"trusted_root":             optional("The content of a `trusted_root.json`, which needs no network. Default: the public Sigstore's, by TUF. Example: `file(\"trusted_root.json\")`."),
		"transparency_log_entries": count("In how many transparency logs the signature must stand."),
		"timestamps":               count("How many trusted times the signature must have, of a log or of an authority; with `identity` at least one."),
		"certificate_log_entries":  count("In how many logs the certificate must stand; `0` for a certificate authority of one's own without such a log."),
		"tuf": schema.SingleNestedAttribute{
			Optional: true, MarkdownDescription: "A TUF repository of one's own that hands out the trusted root.",
			Attributes: map[string]schema.Attribute{
				"url":   schema.StringAttribute{Required: true, MarkdownDescription: "Its address. Example: `\"https://tuf.acme.example\"`."},
				"root":  schema.StringAttribute{Required: true, MarkdownDescription: "The content of its first `root.json`. Example: `file(\"root.json\")`."},
				"cache": optional("The folder that keeps what it handed out. Default: `.sigstore/root` in the home folder."),
			},
		},
	}
}

func answered() map[string]schema.Attribute {
	text := func(description string) schema.StringAttribute {
		return schema.StringAttribute{Computed: true, MarkdownDescription: description}
	}
	return map[string]schema.Attribute{
		"artifact": schema.SingleNestedAttribute{
			Computed: true, MarkdownDescription: "What `sluice_release` takes as its `artifact`.",
			Attributes: map[string]schema.Attribute{"version": text("The version."), "reference": text("The reference, which ends in the digest.")},
		},
		"repository_uri":      text("Where images are pulled from, without tag and digest."),
		"tag_digest":          text("What the tag names now; null where it names nothing."),
		"moved":               schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether the tag names another image than `digest` now, or nothing."},
		"immutable":           schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether the repository refuses to move the tag."},
		"tags":                schema.ListAttribute{ElementType: types.StringType, Computed: true, MarkdownDescription: "All tags of the image."},
		"size_bytes":          schema.Int64Attribute{Computed: true, MarkdownDescription: "The compressed size; of an index, that of the index alone."},
		"pushed_at":           text("When it was pushed, RFC 3339."),
		"media_type":          text("The media type of its manifest."),
		"artifact_media_type": text("The media type of what it is, where it says so."),
		"platforms":           schema.ListAttribute{ElementType: types.StringType, Computed: true, MarkdownDescription: "The platforms of an index, such as `linux/arm64`; null for a single image."},
		"scan_findings": schema.SingleNestedAttribute{
			Computed: true, MarkdownDescription: "What the scan found, of an index over all its platforms: the worst status, the oldest time, and of each severity the greatest count. Null without `scan`.",
			Attributes: map[string]schema.Attribute{
				"type":              text("`basic` or `enhanced`; null while nobody can tell."),
				"status":            text("ECR's status, such as `COMPLETE` (basic), `ACTIVE` (enhanced), `IN_PROGRESS` or `UNSUPPORTED_IMAGE`; `NONE` where it was never scanned."),
				"description":       text("What ECR adds to the status."),
				"completed_at":      text("When the scan ended, RFC 3339."),
				"source_updated_at": text("Of when its list of vulnerabilities is, RFC 3339."),
				"age_seconds":       schema.Int64Attribute{Computed: true, MarkdownDescription: "How long ago the scan ended."},
				"counts":            schema.MapAttribute{ElementType: types.Int64Type, Computed: true, MarkdownDescription: "The findings of each severity; null where there is no result, which is not the same as none."},
			},
		},
		"signed": schema.SingleNestedAttribute{
			Computed: true, MarkdownDescription: "What was found of signatures. Null without `signature`.",
			Attributes: map[string]schema.Attribute{
				"verified":  schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether a signature is by whom `signature` asks for."},
				"identity":  text("Who signed; null for a key."),
				"issuer":    text("Who says so; null for a key."),
				"logged_at": text("The earliest trusted time of the signature, RFC 3339."),
				"source":    text("Where the signature was found."),
				"reason":    text("Why it is verified, or is not."),
			},
		},
		"evidence": schema.ListNestedAttribute{
			Computed: true, MarkdownDescription: "What `sluice_release` takes as its `evidence`, one for each of `scan` and `signature`.",
			NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
				"kind":       text("What was looked at: `scan` or `signature`."),
				"digest":     text("The artifact's digest."),
				"status":     text("`pass`, `fail` or `unknown`."),
				"reason":     text("What was found, in one line."),
				"remedy":     text("What a person can do about it; null where nothing is to be done."),
				"source":     text("Where it was found."),
				"at":         text("When it came about, RFC 3339; null where nobody can tell."),
				"expires_at": text("Until when it is good, RFC 3339; null where it stays good."),
			}},
		},
	}
}
