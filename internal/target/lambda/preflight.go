package lambda

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/awsport"
)

// Preflight implements target.Target. It changes nothing: what it asks Lambda to
// change, it asks for in a way that Lambda refuses. All permissions that are missing
// are told at once.
func (t *Target) Preflight(ctx context.Context, p artifact.Payload) ([]target.Obstacle, error) {
	leave, err := awsport.Turn(ctx, t.session)
	if err != nil {
		return nil, err
	}
	defer leave()
	missing := t.rehearse(ctx, p)
	if missing.err != nil {
		return told(missing.err)
	}
	out, err := t.obstacles(ctx, p, &missing)
	if err != nil {
		return told(err)
	}
	return append(t.lacks(missing.permissions), out...), nil
}

// told makes an obstacle of an error that only a person can put right.
func told(err error) ([]target.Obstacle, error) {
	var te *target.Error
	if errors.As(err, &te) && (te.Code == target.CodeNotFound || te.Code == target.CodeUnauthorized || te.Code == target.CodeInvalid) {
		return []target.Obstacle{{What: err.Error(), Remedy: te.Remedy}}, nil
	}
	return nil, err
}

// obstacles are those that are no matter of permissions.
func (t *Target) obstacles(ctx context.Context, p artifact.Payload, missing *permissions) ([]target.Obstacle, error) {
	s, err := t.look(ctx)
	if missing.has(t, err) {
		// Nobody knows its versions, but whether they may be read can be told.
		if _, err := t.version(ctx, latest); !missing.has(t, err) {
			return nil, err
		}
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []target.Obstacle
	add := func(remedy, format string, args ...any) {
		out = append(out, target.Obstacle{What: fmt.Sprintf(format, args...), Remedy: remedy})
	}
	if s.base == latest {
		te := &target.Error{}
		if errors.As(t.unpublished(scene{sight: s}), &te) {
			add(te.Remedy, "%s", te.Message)
		}
	}
	if t.ofAnother(s) {
		what, remedy := t.anothers()
		add(remedy, "%s", what)
	}
	if n := len([]rune(s.text)); n > maxText {
		add("shorten it, since Sluice keeps its own memory behind it", "the description of the alias %s has %d characters, and may have %d", t.config.Alias, n, maxText)
	}
	fetchable := func(ctx context.Context, s sight, p artifact.Payload) ([]target.Obstacle, error) {
		return t.fetchable(ctx, s, p, missing.code)
	}
	for _, check := range []func(context.Context, sight, artifact.Payload) ([]target.Obstacle, error){t.concurrencyOnAlias, t.goAround, fetchable} {
		more, err := check(ctx, s, p)
		if err != nil && !missing.has(t, err) {
			return nil, err
		}
		out = append(out, more...)
	}
	return out, nil
}

// ofAnother is whether another release has an open rollout on the alias.
func (t *Target) ofAnother(s sight) bool {
	return s.memory.canary != "" && s.owner != "" && t.owner != "" && s.owner != t.owner
}

func (t *Target) anothers() (what, remedy string) {
	return fmt.Sprintf("another release has an open rollout on the alias %s of %s", t.config.Alias, t.config.Function),
		"wait until it has ended, or give each release an alias of its own; if that release is gone, take \" w=...\" out of the alias's description"
}

// concurrencyOnAlias finds provisioned concurrency on the alias, with which updates
// of weights fail.
func (t *Target) concurrencyOnAlias(ctx context.Context, _ sight, _ artifact.Payload) ([]target.Obstacle, error) {
	c, err := t.lambda(ctx)
	if err != nil {
		return nil, err
	}
	in := &awslambda.ListProvisionedConcurrencyConfigsInput{FunctionName: t.name()}
	for {
		got, err := c.ListProvisionedConcurrencyConfigs(ctx, in)
		if err != nil {
			return nil, t.failed(err, false)
		}
		for _, p := range got.ProvisionedConcurrencyConfigs {
			if strings.HasSuffix(aws.ToString(p.FunctionArn), ":"+t.config.Alias) {
				return []target.Obstacle{{What: "the alias " + t.config.Alias + " has provisioned concurrency, and an alias cannot have that and weights",
					Remedy: "take it off the alias (aws lambda delete-provisioned-concurrency-config), and give the target provisioned_concurrency, which puts it onto each version"}}, nil
			}
		}
		if aws.ToString(got.NextMarker) == "" {
			return nil, nil
		}
		in.Marker = got.NextMarker
	}
}

// goAround finds event sources that invoke the function without the alias, and so
// would get the new code all at once.
func (t *Target) goAround(ctx context.Context, _ sight, _ artifact.Payload) ([]target.Obstacle, error) {
	c, err := t.lambda(ctx)
	if err != nil {
		return nil, err
	}
	var out []target.Obstacle
	in := &awslambda.ListEventSourceMappingsInput{FunctionName: t.name()}
	for {
		got, err := c.ListEventSourceMappings(ctx, in)
		if err != nil {
			return nil, t.failed(err, false)
		}
		for _, m := range got.EventSourceMappings {
			arn := aws.ToString(m.FunctionArn)
			if strings.HasSuffix(arn, ":function:"+t.config.Function) || strings.HasSuffix(arn, ":"+latest) {
				out = append(out, target.Obstacle{What: fmt.Sprintf("the event source %s invokes the function and not its alias, so it would get the new code at once and whole", aws.ToString(m.EventSourceArn)),
					Remedy: "let it invoke the alias: function_name = aws_lambda_alias." + t.config.Alias + ".arn"})
			}
		}
		if aws.ToString(got.NextMarker) == "" {
			return out, nil
		}
		in.Marker = got.NextMarker
	}
}

// fetchable takes the answer to the rehearsed update of the code for what it says of the
// artifact: whether it is there.
func (t *Target) fetchable(ctx context.Context, s sight, p artifact.Payload, rehearsed error) ([]target.Obstacle, error) {
	sc, err := t.arms(ctx, s, t.known)
	if err != nil {
		return nil, err
	}
	if sc.baseline != nil && sc.baseline.payload.Same(p) || sc.canary != nil && sc.canary.payload.Same(p) {
		return nil, nil
	}
	from, ok := sourceOf(p.Artifact)
	if !ok {
		return []target.Obstacle{{What: fmt.Sprintf("Lambda cannot fetch %q", p.Reference), Remedy: exampleSource}}, nil
	}
	if v := sc.baseline; v != nil && (v.config.PackageType == types.PackageTypeImage) != (from.image != "") {
		return []target.Obstacle{{What: fmt.Sprintf("the function is of the package type %s, and %q is not; Lambda changes no function's type", packageType(v), p.Reference), Remedy: exampleSource}}, nil
	}
	var te *target.Error
	switch err := t.refusedCode(rehearsed, p.Artifact); {
	case t.kind(err) == awscloud.Conflict: // An update is in progress, and ends.
	case errors.As(err, &te) && te.Code == target.CodeNotFound:
		return []target.Obstacle{{What: err.Error(), Remedy: te.Remedy}}, nil
	default:
		return nil, t.failed(err, false)
	}
	return nil, nil
}

func packageType(v *version) types.PackageType {
	if v.config.PackageType == "" {
		return types.PackageTypeZip
	}
	return v.config.PackageType
}
