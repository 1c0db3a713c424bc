package lambda

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// A permission is found out by asking for what it permits, with a condition that
// never holds: AWS looks at the right first, and then at the condition. So the answer
// is that of the very credentials, with all that bounds them: the policy of the session
// and of the organisation, and boundaries. iam:SimulatePrincipalPolicy knows less, and
// is itself a right that few have.
const (
	// noRevision is the revision of nothing, noCode the digest of no code, and
	// noVersion a version that is never reached.
	noRevision = "00000000-0000-0000-0000-000000000000"
	noCode     = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
	noVersion  = "999999999999"
)

// permissions are those that are missing, and the error that ended the search.
type permissions struct {
	permissions []string
	err         error
	// code is the answer to the rehearsed update of the code, nil where Lambda would
	// take it and where there was nothing to ask for.
	code error
}

// has takes an error that is a missing permission, and is true for one.
func (p *permissions) has(t *Target, err error) bool {
	if err == nil {
		return false
	}
	var te *target.Error
	if errors.As(err, &te) {
		err = te.Err
	}
	e := t.session.Explain(err)
	// Whoever may not even assume the role is told what to do about that alone.
	if e == nil || e.Kind != awscloud.Denied || e.Permission == "" || strings.HasPrefix(e.Permission, "sts:") {
		return false
	}
	if !slices.Contains(p.permissions, e.Permission) {
		p.permissions = append(p.permissions, e.Permission)
	}
	return true
}

// rehearse asks for each right that the driver needs for the payload, and that its
// other checks do not need. Where nobody answers, or the credentials are not valid,
// that is the error.
func (t *Target) rehearse(ctx context.Context, p artifact.Payload) permissions {
	var out permissions
	c, err := t.lambda(ctx)
	if err != nil {
		out.err = err
		return out
	}
	for _, call := range t.rehearsals(c, p, &out) {
		err := call(ctx)
		switch t.kind(err) {
		case "", awscloud.Stale, awscloud.NotFound, awscloud.Conflict, awscloud.Invalid:
			continue // It may, and it was refused for the condition.
		}
		if !out.has(t, err) {
			out.err = t.failed(err, false)
			return out
		}
	}
	return out
}

// rehearsals are calls that change nothing. The update of the code tells at once whether
// the package is there, for which it is kept in found.
func (t *Target) rehearsals(c *client, p artifact.Payload, found *permissions) []func(context.Context) error {
	out := []func(context.Context) error{
		func(ctx context.Context) error {
			_, err := c.ListVersionsByFunction(ctx, &awslambda.ListVersionsByFunctionInput{FunctionName: t.name(), MaxItems: aws.Int32(1)})
			return err
		},
		func(ctx context.Context) error {
			_, err := c.UpdateAlias(ctx, &awslambda.UpdateAliasInput{FunctionName: t.name(), Name: aws.String(t.config.Alias), RevisionId: aws.String(noRevision)})
			return err
		},
		func(ctx context.Context) error {
			_, err := c.PublishVersion(ctx, &awslambda.PublishVersionInput{FunctionName: t.name(), RevisionId: aws.String(noRevision), CodeSha256: aws.String(noCode)})
			return err
		},
	}
	from, ok := sourceOf(p.Artifact)
	if ok {
		out = append(out, func(ctx context.Context) error {
			in := t.code(from)
			in.DryRun = true
			_, found.code = c.UpdateFunctionCode(ctx, in)
			return found.code
		})
	}
	if ok && from.image != "" {
		out = append(out, func(ctx context.Context) error {
			_, err := c.GetFunction(ctx, &awslambda.GetFunctionInput{FunctionName: t.name(), Qualifier: aws.String(latest)})
			return err
		})
	}
	if t.config.ProvisionedConcurrency == 0 {
		return out
	}
	return append(out,
		func(ctx context.Context) error {
			_, err := c.GetProvisionedConcurrencyConfig(ctx, &awslambda.GetProvisionedConcurrencyConfigInput{FunctionName: t.name(), Qualifier: aws.String(noVersion)})
			return err
		},
		func(ctx context.Context) error {
			_, err := c.PutProvisionedConcurrencyConfig(ctx, &awslambda.PutProvisionedConcurrencyConfigInput{FunctionName: t.name(), Qualifier: aws.String(noVersion), ProvisionedConcurrentExecutions: aws.Int32(1)})
			return err
		},
		func(ctx context.Context) error {
			_, err := c.DeleteProvisionedConcurrencyConfig(ctx, &awslambda.DeleteProvisionedConcurrencyConfigInput{FunctionName: t.name(), Qualifier: aws.String(noVersion)})
			return err
		})
}

// lacks makes one obstacle of all permissions that are missing.
func (t *Target) lacks(permissions []string) []target.Obstacle {
	if len(permissions) == 0 {
		return nil
	}
	slices.Sort(permissions)
	e := t.session.Lacks(permissions)
	if slices.Contains(permissions, "lambda:UpdateFunctionCode") {
		e.Remedy += ". AWS denies lambda:UpdateFunctionCode to those, too, who may not read the package: s3:GetObject, or for an image the policy of its repository"
	}
	return []target.Obstacle{{What: e.Message, Remedy: e.Remedy}}
}
