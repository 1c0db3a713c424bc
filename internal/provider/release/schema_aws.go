package release

import (
	"maps"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema"

	"github.com/sluice/terraform-provider-sluice/internal/provider/awsattributes"
)

// lambdaTarget is target.lambda.
func lambdaTarget() schema.SingleNestedAttribute {
	attributes := awsAttributes("lambda")
	maps.Copy(attributes, map[string]schema.Attribute{
		"function":                schema.StringAttribute{Required: true, MarkdownDescription: "The function's name, without account and version. Example: `\"checkout\"`."},
		"alias":                   schema.StringAttribute{Required: true, MarkdownDescription: "The alias that users invoke. It exists, and names a published version. Sluice moves its version, its weights and the end of its description. Example: `\"live\"`."},
		"provisioned_concurrency": schema.Int64Attribute{Optional: true, MarkdownDescription: "How many instances of a new version are kept ready, from before its first request until the version is out again. It is put onto versions: an alias that has it cannot have weights. Default: none. Example: `5`."},
	})
	return schema.SingleNestedAttribute{
		Optional: true, MarkdownDescription: "A function of AWS Lambda behind an alias, whose weights are moved from one published version to another. The artifact's reference is a package in S3, `s3://bucket/key@sha256:...`, or an image in ECR. It needs the rights of `docs/policies/lambda.json`, which are looked at before the first change, and no `iam:PassRole`, since a release names no role.",
		Attributes: attributes,
	}
}

// AWSAttributes are how a service of AWS is reached, for objects that are no release.
func AWSAttributes(service string) map[string]schema.Attribute { return awsAttributes(service) }

// awsAttributes are what all drivers of AWS have in common. The service is whose
// endpoint it is.
func awsAttributes(service string) map[string]schema.Attribute { return awsattributes.Of(service) }
