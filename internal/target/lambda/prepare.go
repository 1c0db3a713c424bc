package lambda

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// What Lambda is at is looked at again after these: a version becomes active within
// seconds, provisioned concurrency within minutes.
const (
	lookAgain     = 2 * time.Second
	lookAgainSlow = 10 * time.Second
)

// Prepare implements target.Target. One call makes one change: it brings the code
// into the function, publishes a version, asks for provisioned concurrency, or
// writes the version into the alias as the canary at weight 0.
func (t *Target) Prepare(ctx context.Context, req target.PrepareRequest) (target.Progress, error) {
	from, err := admitted(req)
	if err != nil {
		return target.Progress{}, err
	}
	// What the arms have never changes, and nothing is sent to them by this: it is not
	// read anew with each of the calls that it takes.
	s, err := t.allow(ctx, req.WriteRequest)
	if err != nil {
		return target.Progress{}, err
	}
	sc, err := t.arms(ctx, s, t.known)
	if err != nil {
		return target.Progress{}, err
	}
	switch v := sc.canary; {
	case sc.base == latest:
		return target.Progress{}, t.unpublished(sc)
	case t.ofAnother(sc.sight):
		return target.Progress{}, sc.conflict(t.anothers())
	case v != nil && v.payload.Same(req.Payload):
		return t.ready(ctx, sc, req, v)
	case v != nil && sc.weight > 0:
		return target.Progress{}, sc.conflict(fmt.Sprintf("version %s (%s) takes %g %% of the traffic", v.number, v.payload.Label(), sc.weight),
			"revert first; a canary is replaced only without traffic")
	}
	v, err := t.published(ctx, sc, req)
	if err != nil || v != nil {
		if err != nil {
			return target.Progress{}, err
		}
		return t.ready(ctx, sc, req, v)
	}
	return t.publish(ctx, sc, req, from)
}

func admitted(req target.PrepareRequest) (source, error) {
	if req.Payload.Digest() == "" {
		return source{}, invalid(fmt.Sprintf("the reference %q has no digest", req.Payload.Reference))
	}
	from, ok := sourceOf(req.Payload.Artifact)
	if !ok {
		return from, &target.Error{Code: target.CodeNotFound, Message: fmt.Sprintf("Lambda cannot fetch %q", req.Payload.Reference), Remedy: exampleSource}
	}
	return from, nil
}

// mark is what versions of this rollout have in their description. Where there is
// no rollout, the payload stands for it.
func mark(req target.PrepareRequest) string {
	if req.Rollout != "" {
		return rolloutMark(req.Rollout)
	}
	return rolloutMark("payload " + req.Payload.Key())
}

// published looks for the version that this rollout published already, as after a
// reply that was lost, or else for the newest that has the payload, runs and is not
// the baseline: whoever goes back gets what served then, and needs no package for it.
// It is nil where there is neither.
func (t *Target) published(ctx context.Context, sc scene, req target.PrepareRequest) (*version, error) {
	c, err := t.lambda(ctx)
	if err != nil {
		return nil, err
	}
	in := &awslambda.ListVersionsByFunctionInput{FunctionName: t.name()}
	var mine, same string
	for {
		out, err := c.ListVersionsByFunction(ctx, in)
		if err != nil {
			return nil, t.failed(err, false)
		}
		for _, v := range out.Versions {
			switch number := aws.ToString(v.Version); {
			case number == latest:
			case readLabel(aws.ToString(v.Description)).rollout == mark(req):
				mine = number
			case number != sc.base && resembles(v, req.Payload):
				same = number
			}
		}
		if mine != "" || aws.ToString(out.NextMarker) == "" {
			break
		}
		in.Marker = out.NextMarker
	}
	number := mine
	if mine == "" {
		number = same
	}
	if number == "" {
		return nil, nil //nolint:nilnil // None is an answer.
	}
	// A list does not say whether a version runs.
	v, err := t.version(ctx, number)
	switch {
	case err != nil || v == nil:
		return nil, err
	case mine != "" && v.payload.Digest() == req.Payload.Digest(), v.payload.Same(req.Payload) && v.health() == target.Healthy:
		return v, nil
	}
	return nil, nil //nolint:nilnil // None is an answer.
}

// resembles says whether a version of a list may have the payload. An image's digest
// is not in a list, so its labels stand for it until it is read.
func resembles(v types.FunctionConfiguration, p artifact.Payload) bool {
	l := readLabel(aws.ToString(v.Description))
	if l.config != p.ConfigurationDigest {
		return false
	}
	if v.PackageType == types.PackageTypeImage {
		return l.rollout != "" && l.version == p.Version
	}
	return awscloud.CodeDigest(aws.ToString(v.CodeSha256)) == p.Digest()
}

// publish takes the next of the steps that lead to a version: code, then version.
func (t *Target) publish(ctx context.Context, sc scene, req target.PrepareRequest, from source) (target.Progress, error) {
	now, err := t.version(ctx, latest)
	switch {
	case err != nil:
		return target.Progress{}, err
	case now == nil:
		return target.Progress{}, &target.Error{Code: target.CodeNotFound, Message: "there is no function " + t.config.Function + " in " + t.config.Region}
	case now.config.LastUpdateStatus == types.LastUpdateStatusInProgress || now.config.State == types.StatePending:
		return sc.wait(lookAgain), nil
	case now.payload.Digest() != req.Payload.Digest():
		return t.bring(ctx, sc, req, now, from)
	case now.config.LastUpdateStatus == types.LastUpdateStatusFailed || now.config.State == types.StateFailed:
		return target.Progress{}, sc.conflict(fmt.Sprintf("Lambda could not bring %s into the function: %s%s", req.Payload.Label(), aws.ToString(now.config.LastUpdateStatusReason), aws.ToString(now.config.StateReason)),
			"put right what Lambda names, and apply again")
	}
	return t.freeze(ctx, sc, req, now)
}

// bring puts the code into the function's unpublished version, which no user of the
// alias invokes.
func (t *Target) bring(ctx context.Context, sc scene, req target.PrepareRequest, now *version, from source) (target.Progress, error) {
	c, err := t.lambda(ctx)
	if err != nil {
		return target.Progress{}, err
	}
	in := t.code(from)
	in.RevisionId = now.config.RevisionId
	out, err := c.UpdateFunctionCode(ctx, in)
	switch {
	case t.kind(err) == awscloud.Stale || t.kind(err) == awscloud.Conflict:
		// Somebody changes the function, or the reply to this very change was lost.
		return sc.wait(lookAgain), nil
	case err != nil:
		return target.Progress{}, t.failed(t.refusedCode(err, req.Payload.Artifact), true)
	}
	if got := awscloud.CodeDigest(aws.ToString(out.CodeSha256)); got != "" && got != req.Payload.Digest() && from.image == "" {
		return target.Progress{}, &target.Error{Code: target.CodeInvalid, Message: fmt.Sprintf("what is at s3://%s/%s has the digest %s, and the release's reference says %s; nothing was published", from.bucket, from.key, got, req.Payload.Digest()),
			Remedy: "release by the digest of what was uploaded, for example \"@sha256:${filesha256(\"checkout.zip\")}\", and let builds never overwrite a key"}
	}
	return sc.wait(lookAgain), nil
}

// code is a request to bring code into the function.
func (t *Target) code(from source) *awslambda.UpdateFunctionCodeInput {
	in := &awslambda.UpdateFunctionCodeInput{FunctionName: t.name()}
	if from.image != "" {
		in.ImageUri = aws.String(from.image)
		return in
	}
	in.S3Bucket, in.S3Key = aws.String(from.bucket), aws.String(from.key)
	if from.version != "" {
		in.S3ObjectVersion = aws.String(from.version)
	}
	return in
}

// refusedCode says of code that Lambda does not take that it is not there: the
// answer for a missing object and for one of the wrong kind is the same.
func (t *Target) refusedCode(err error, a artifact.Artifact) error {
	if t.kind(err) != awscloud.Invalid {
		return err
	}
	return &target.Error{Code: target.CodeNotFound, Err: err, Message: fmt.Sprintf("Lambda does not take %q for the function %s", a.Reference, t.config.Function),
		Remedy: "see that it is there, in the function's region, of the function's package type and architecture, and that the credentials may read it; " + exampleSource}
}

// freeze publishes what the function has now, provided that it still is our code.
func (t *Target) freeze(ctx context.Context, sc scene, req target.PrepareRequest, now *version) (target.Progress, error) {
	c, err := t.lambda(ctx)
	if err != nil {
		return target.Progress{}, err
	}
	l := label{rollout: mark(req), config: req.Payload.ConfigurationDigest, version: req.Payload.Version}
	in := &awslambda.PublishVersionInput{FunctionName: t.name(), Description: aws.String(l.String()), RevisionId: now.config.RevisionId}
	if now.config.PackageType != types.PackageTypeImage {
		in.CodeSha256 = now.config.CodeSha256
	}
	out, err := c.PublishVersion(ctx, in)
	switch {
	case t.kind(err) == awscloud.Stale || t.kind(err) == awscloud.Conflict:
		return sc.wait(lookAgain), nil
	case err != nil:
		return target.Progress{}, t.failed(err, true)
	}
	number := aws.ToString(out.Version)
	if readLabel(aws.ToString(out.Description)).rollout == mark(req) {
		return sc.wait(lookAgain), nil
	}
	// Lambda publishes nothing where nothing has changed since the last version, and
	// answers with that one. It has our code, so it is as good.
	v, err := t.version(ctx, number)
	switch {
	case err != nil:
		return target.Progress{}, err
	case v == nil || v.payload.Digest() != req.Payload.Digest():
		return sc.wait(lookAgain), nil
	case number == sc.base:
		return target.Progress{}, sc.conflict(fmt.Sprintf("version %s serves already, and neither the function's code nor its configuration has changed since", number),
			"change the configuration of the function first, or release with the configuration_digest that serves")
	}
	return t.ready(ctx, sc, req, v)
}

// ready takes the last steps: the version is active, its concurrency is there, and
// the alias knows it as the canary.
func (t *Target) ready(ctx context.Context, sc scene, req target.PrepareRequest, v *version) (target.Progress, error) {
	switch v.health() {
	case target.Healthy:
	case target.Unhealthy:
		return target.Progress{}, sc.conflict(fmt.Sprintf("version %s (%s) cannot be started: %s", v.number, req.Payload.Label(), aws.ToString(v.config.StateReason)), "put right what Lambda names, and release again")
	default:
		return sc.wait(lookAgain), nil
	}
	known := sc.cand == v.number && sc.canary != nil && sc.canary.payload.Same(req.Payload)
	if sc.weight == 0 || !known {
		if p, ok, err := t.provisioned(ctx, sc, v.number); err != nil || !ok {
			return p, err
		}
	}
	if known {
		return sc.progress(true), nil
	}
	m := sc.memory
	m.baseline, m.baselineConfig = sc.base, kept(sc.baseline)
	m.canary, m.canaryConfig = v.number, override(v, req.Payload.ConfigurationDigest)
	return t.write(ctx, sc, req.WriteRequest, wish{version: sc.base}, m)
}

// override is what the memory must say of a version's configuration, empty where
// the version itself says so.
func override(v *version, config string) string {
	switch {
	case readLabel(aws.ToString(v.config.Description)).config == config:
		return ""
	case config == "":
		return noConfig
	}
	return config
}

// kept is the override of a version that stays as it is.
func kept(v *version) string {
	if v == nil {
		return ""
	}
	return override(v, v.payload.ConfigurationDigest)
}

func (s scene) wait(again time.Duration) target.Progress {
	return target.Progress{LookAgain: again, Observation: s.observation()}
}
