package lambda

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"

	"github.com/aws/aws-sdk-go-v2/aws"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// sight is the alias in the words of a rollout.
type sight struct {
	memory
	revision string
	// serves and routed are what the alias says: its version, and the other with its
	// share, 0 to 1.
	serves, routed string
	share          float64
	// arms; canary is empty where there is none. weight is the canary's, in percent.
	base, cand string
	weight     float64
}

// look reads the alias.
func (t *Target) look(ctx context.Context) (sight, error) {
	c, err := t.lambda(ctx)
	if err != nil {
		return sight{}, err
	}
	out, err := c.GetAlias(ctx, &awslambda.GetAliasInput{FunctionName: t.name(), Name: aws.String(t.config.Alias)})
	if err != nil {
		return sight{}, t.failed(err, false)
	}
	return see(aws.ToString(out.Description), aws.ToString(out.RevisionId), aws.ToString(out.FunctionVersion), out.RoutingConfig), nil
}

// see reads an alias. The weights are the truth; the memory only says what weights
// of 0 and 100 leave open, and only while it agrees with them.
func see(description, revision, version string, routing *types.AliasRoutingConfiguration) sight {
	s := sight{memory: recall(description), revision: revision, serves: version, base: version}
	if routing != nil {
		for v, share := range routing.AdditionalVersionWeights { // Lambda takes one.
			s.routed, s.share = v, share
		}
	}
	switch m := s.memory; {
	case s.routed != "" && m.canary == version && m.baseline == s.routed:
		// Somebody wrote it the other way round.
		s.base, s.cand, s.weight = s.routed, version, 100*(1-s.share)
	case s.routed != "":
		s.cand, s.weight = s.routed, 100*s.share
	case m.canary == version && m.baseline != "" && m.baseline != version:
		s.base, s.cand, s.weight = m.baseline, version, 100
	case m.baseline == version && m.canary != version:
		s.cand = m.canary
	}
	s.weight = math.Round(s.weight*1e4) / 1e4
	return s
}

// fingerprint tells states apart in which another change would be right. The fence
// and the keys are not in it, nor is the author's text.
func (s sight) fingerprint() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s|%s|%g|%s|%s|%s|%s", s.serves, s.routed, s.share, s.base, s.cand, s.baselineConfig, s.canaryConfig))
	return hex.EncodeToString(sum[:8])
}

// version is one version as Lambda tells it.
type version struct {
	number  string
	payload artifact.Payload
	config  *types.FunctionConfiguration
}

// version reads a version, nil where it is gone. The digest is that of the code
// that Lambda runs; the labels are what was written when it was published.
func (t *Target) version(ctx context.Context, number string) (*version, error) {
	c, err := t.lambda(ctx)
	if err != nil {
		return nil, err
	}
	out, err := c.GetFunctionConfiguration(ctx, &awslambda.GetFunctionConfigurationInput{FunctionName: t.name(), Qualifier: aws.String(number)})
	switch {
	case t.kind(err) == awscloud.NotFound:
		t.remember(number, nil)
		return nil, nil //nolint:nilnil // Gone is an answer.
	case err != nil:
		return nil, t.failed(err, false)
	}
	v, err := t.read(ctx, number, configuration(out))
	if err == nil {
		t.remember(number, v)
	}
	return v, err
}

// configuration makes one type of two that are the same.
func configuration(out *awslambda.GetFunctionConfigurationOutput) *types.FunctionConfiguration {
	return &types.FunctionConfiguration{
		CodeSha256: out.CodeSha256, ConfigSha256: out.ConfigSha256, Description: out.Description, RevisionId: out.RevisionId, Version: out.Version,
		State: out.State, StateReason: out.StateReason, LastUpdateStatus: out.LastUpdateStatus, LastUpdateStatusReason: out.LastUpdateStatusReason,
		PackageType: out.PackageType, Runtime: out.Runtime, MemorySize: out.MemorySize, Timeout: out.Timeout, Role: out.Role, DeadLetterConfig: out.DeadLetterConfig,
	}
}

func (t *Target) read(ctx context.Context, number string, c *types.FunctionConfiguration) (*version, error) {
	l := readLabel(aws.ToString(c.Description))
	v := &version{number: number, config: c, payload: artifact.Payload{Artifact: artifact.Artifact{Version: l.version}, ConfigurationDigest: l.config}}
	digest := awscloud.CodeDigest(aws.ToString(c.CodeSha256))
	if c.PackageType == types.PackageTypeImage {
		api, err := t.lambda(ctx)
		if err != nil {
			return nil, err
		}
		out, err := api.GetFunction(ctx, &awslambda.GetFunctionInput{FunctionName: t.name(), Qualifier: aws.String(number)})
		if err != nil {
			return nil, t.failed(err, false)
		}
		digest = ""
		if out.Code != nil {
			digest = imageDigest(aws.ToString(out.Code.ResolvedImageUri))
		}
	}
	if digest == "" {
		return nil, &target.Error{Code: target.CodeProtocol, Message: "Lambda does not tell the digest of the code of version " + number}
	}
	v.payload.Reference = "@" + digest
	return v, nil
}

// health is Lambda's word on a version. One that has been idle for weeks is woken by
// its first request, which fails, so nobody can say how it is.
func (v *version) health() target.Health {
	switch {
	case v.config.State == types.StateFailed || v.config.LastUpdateStatus == types.LastUpdateStatusFailed:
		return target.Unhealthy
	case v.config.State == types.StateActive || v.config.State == "":
		return target.Healthy
	}
	return target.HealthUnknown
}

// scene is a sight with what runs in its arms.
type scene struct {
	sight
	baseline, canary *version
}

// arms says what runs in the arms of a sight, by read: known for a look, version
// before a change.
func (t *Target) arms(ctx context.Context, s sight, read func(context.Context, string) (*version, error)) (scene, error) {
	out := scene{sight: s}
	var err error
	if out.baseline, err = read(ctx, s.base); err != nil {
		return out, err
	}
	if s.cand != "" {
		if out.canary, err = read(ctx, s.cand); err != nil {
			return out, err
		}
	}
	if s.memory.baseline == s.base {
		out.baseline.wears(s.baselineConfig)
	}
	if s.memory.canary == s.cand {
		out.canary.wears(s.canaryConfig)
	}
	return out, nil
}

// wears puts what the memory says of the configuration over what the version does.
func (v *version) wears(config string) {
	switch {
	case v == nil || config == "":
	case config == noConfig:
		v.payload.ConfigurationDigest = ""
	default:
		v.payload.ConfigurationDigest = config
	}
}

// Observe implements target.Target.
func (t *Target) Observe(ctx context.Context) (target.Observation, error) {
	s, err := t.look(ctx)
	if err != nil {
		return target.Observation{}, err
	}
	sc, err := t.arms(ctx, s, t.known)
	if err != nil {
		return target.Observation{}, err
	}
	return sc.observation(), nil
}

func (s scene) observation() target.Observation {
	o := target.Observation{Known: true, Fingerprint: s.fingerprint(), Fence: s.fence, Fields: map[string]any{}}
	if v := s.baseline; v != nil {
		o.Baseline = &target.ArmState{Payload: v.payload, Name: v.number, Weight: 100 - s.weight, Health: v.health()}
		o.Fields = v.fields()
	}
	if v := s.canary; v != nil {
		o.Canary = &target.ArmState{Payload: v.payload, Name: v.number, Weight: s.weight, Health: v.health()}
	}
	return o
}

// fields are what drift compares: the configuration with which the baseline runs.
func (v *version) fields() map[string]any {
	f := map[string]any{}
	add := func(name, value string) {
		if value != "" {
			f[name] = value
		}
	}
	add("runtime", string(v.config.Runtime))
	add("role", aws.ToString(v.config.Role))
	add("config_sha256", aws.ToString(v.config.ConfigSha256))
	if v.config.MemorySize != nil {
		f["memory_size"] = float64(*v.config.MemorySize)
	}
	if v.config.Timeout != nil {
		f["timeout"] = float64(*v.config.Timeout)
	}
	return f
}
