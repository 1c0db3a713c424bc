package observed

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/drift"
)

// functions is what of Lambda is called. Only GetFunction tells the digest of an image.
type functions struct {
	GetAlias    func(context.Context, *lambda.GetAliasInput, ...func(*lambda.Options)) (*lambda.GetAliasOutput, error)
	GetFunction func(context.Context, *lambda.GetFunctionInput, ...func(*lambda.Options)) (*lambda.GetFunctionOutput, error)
}

// runningVersions gives the digests of the code of each version that an alias sends
// requests to.
func runningVersions(ctx context.Context, s *awscloud.Session, d drift.Image) ([]drift.Running, error) {
	cfg, err := s.Config(ctx)
	if err != nil {
		return nil, failed(ctx, s, "Lambda", err)
	}
	sdk := lambda.NewFromConfig(cfg)
	api := functions{GetAlias: sdk.GetAlias, GetFunction: sdk.GetFunction}
	alias, err := api.GetAlias(ctx, &lambda.GetAliasInput{FunctionName: &d.Lambda.Function, Name: &d.Lambda.Alias})
	switch {
	case err == nil:
	case s.Explain(err).Kind == awscloud.NotFound:
		return nil, gone(s, "function, the alias")
	default:
		return nil, failed(ctx, s, "Lambda", err)
	}
	versions := []string{aws.ToString(alias.FunctionVersion)}
	if alias.RoutingConfig != nil {
		versions = append(versions, slices.Sorted(maps.Keys(alias.RoutingConfig.AdditionalVersionWeights))...)
	}
	var out []drift.Running
	for _, version := range versions {
		got, err := api.GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: &d.Lambda.Function, Qualifier: aws.String(version)})
		if err != nil {
			return nil, failed(ctx, s, "Lambda", err)
		}
		digest := codeOf(got)
		if digest == "" {
			return nil, fmt.Errorf("the digest of the code of version %s is not told by Lambda in %s", version, s.Settings().Region)
		}
		out = append(out, drift.Running{Digest: digest, Where: "version " + version})
	}
	return out, nil
}

// codeOf is the digest of an image, or of a package.
func codeOf(f *lambda.GetFunctionOutput) string {
	switch {
	case f.Configuration == nil:
		return ""
	case f.Configuration.PackageType != types.PackageTypeImage:
		return awscloud.CodeDigest(aws.ToString(f.Configuration.CodeSha256))
	case f.Code == nil:
		return ""
	}
	return artifact.Artifact{Reference: aws.ToString(f.Code.ResolvedImageUri)}.Digest()
}
