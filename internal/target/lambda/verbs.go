package lambda

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/awsport"
)

// wish is what an alias shall say: a version, and a share of another.
type wish struct {
	version, routed string
	// percent is the share of routed, above 0 and below 100.
	percent float64
}

// split gives the wish for a weight of the canary. At 0 and 100 the alias names one
// version alone, which Lambda's own tools show as such.
func (s sight) split(weight float64) wish {
	switch {
	case s.cand == "" || weight <= 0:
		return wish{version: s.base}
	case weight >= 100:
		return wish{version: s.cand}
	}
	return wish{version: s.base, routed: s.cand, percent: weight}
}

// is reports whether the alias says so already.
func (s sight) is(w wish) bool {
	return s.serves == w.version && s.routed == w.routed && math.Abs(100*s.share-w.percent) < 0.001
}

// Apply implements target.Target.
func (t *Target) Apply(ctx context.Context, req target.ApplyRequest) (target.Progress, error) {
	if errs := req.Traffic.Validate(); len(errs) > 0 {
		return target.Progress{}, invalid("traffic: " + errs.Error())
	}
	if req.RevertAfter < 0 {
		return target.Progress{}, invalid(fmt.Sprintf("revert_after is negative (%s)", req.RevertAfter))
	}
	can, _ := t.Capabilities(ctx) // It asks nobody.
	if lacks := req.Traffic.Lacks(can); len(lacks) > 0 {
		return target.Progress{}, &target.Error{Code: target.CodeUnsupported, Message: "Lambda has not the capability " + strings.Join(lacks, " and "),
			Remedy: "choose a strategy without it: Lambda chooses a version for each request by chance alone"}
	}
	sc, err := t.admit(ctx, req.WriteRequest)
	if err != nil {
		return target.Progress{}, err
	}
	if sc.done(req.Key) {
		return sc.progress(sc.is(sc.split(req.Traffic.Weight))), nil
	}
	if err := sc.may(req); err != nil {
		return target.Progress{}, err
	}
	want := sc.split(req.Traffic.Weight)
	if sc.is(want) {
		return sc.progress(true), nil
	}
	return t.write(ctx, sc, req.WriteRequest, want, sc.arranged())
}

// may says what stands in the way of a weight.
func (s scene) may(req target.ApplyRequest) error {
	weight := req.Traffic.Weight
	if want := req.ExpectedFingerprint; want != "" && want != s.fingerprint() {
		return s.conflict(fmt.Sprintf("the fingerprint is %q and not %q", s.fingerprint(), want), "somebody changed the alias; observe it and decide again")
	}
	switch {
	case weight > 0 && s.canary == nil:
		return s.conflict(fmt.Sprintf("there is no canary to give %g %% of the traffic to", weight), "prepare one first")
	case weight > s.weight && s.canary.health() != target.Healthy:
		return s.conflict(fmt.Sprintf("version %s is %s: %s", s.cand, s.canary.config.State, aws.ToString(s.canary.config.StateReason)), "see why, or wait until it is active")
	case weight < 100 && s.baseline == nil:
		return s.conflict(fmt.Sprintf("version %s, the baseline, is gone, so nothing can take the other %g %% of the traffic", s.base, 100-weight), "set weight 100, or release again")
	}
	return nil
}

// arranged is the memory of arms as they are.
func (s scene) arranged() memory {
	m := s.memory
	m.baseline, m.baselineConfig = s.base, kept(s.baseline)
	m.canary, m.canaryConfig = s.cand, kept(s.canary)
	return m
}

// Complete implements target.Target.
func (t *Target) Complete(ctx context.Context, req target.WriteRequest) (target.Progress, error) {
	sc, err := t.admit(ctx, req)
	switch {
	case err != nil:
		return target.Progress{}, err
	case sc.canary == nil:
		return sc.progress(true), nil
	case sc.weight < 100:
		return target.Progress{}, sc.conflict(fmt.Sprintf("version %s takes %g %% of the traffic and not all of it", sc.cand, sc.weight), "set weight 100 first")
	}
	m := sc.memory
	m.baseline, m.baselineConfig, m.old = sc.cand, kept(sc.canary), sc.base
	m.canary, m.canaryConfig = "", ""
	return t.write(ctx, sc, req, wish{version: sc.cand}, m)
}

// Revert implements target.Target. It needs one read and one write, and waits for
// nothing that it need not know: neither our own ceiling of calls nor what runs in
// the arms. A write that somebody else was quicker than is tried again at once.
func (t *Target) Revert(ctx context.Context, req target.WriteRequest) (target.Progress, error) {
	ctx = awscloud.Urgent(ctx)
	for tries := 0; ; tries++ {
		s, err := t.allow(ctx, req)
		if err != nil {
			return target.Progress{}, err
		}
		want := wish{version: s.base}
		if !s.is(want) {
			m := s.memory
			if m.baseline != s.base {
				m.baseline, m.baselineConfig = s.base, ""
			}
			if m.canary != s.cand {
				m.canary, m.canaryConfig = s.cand, ""
			}
			s, err = t.update(ctx, s, req, want, m)
			if t.kind(err) == awscloud.Stale && tries < maxTries {
				continue
			}
			if err != nil {
				return target.Progress{}, t.failed(err, true)
			}
		}
		out := target.Progress{Done: s.is(want)}
		if sc, err := t.arms(ctx, s, t.known); err == nil {
			out.Observation = sc.observation()
		}
		return out, nil
	}
}

// maxTries is how often a revert starts again from what somebody else left.
const maxTries = 5

// Finalize implements target.Target: the concurrency of what has no traffic is given
// back, and then the alias forgets it. Versions stay; they cost nothing, and the next
// rollback to one of them is a rollout like any other.
func (t *Target) Finalize(ctx context.Context, req target.WriteRequest) (target.Progress, error) {
	sc, err := t.admit(ctx, req)
	switch {
	case err != nil:
		return target.Progress{}, err
	case sc.weight > 0:
		return target.Progress{}, sc.conflict(fmt.Sprintf("version %s takes %g %% of the traffic", sc.cand, sc.weight), "complete or revert first; an arm with traffic is never removed")
	case sc.memory.canary == "" && sc.old == "":
		return sc.progress(true), nil
	}
	for _, number := range []string{sc.cand, sc.old} {
		if number == sc.base {
			continue
		}
		if gone, err := t.unprovision(ctx, number); err != nil || !gone {
			return sc.wait(lookAgain), err
		}
	}
	m := sc.memory
	m.canary, m.canaryConfig, m.old = "", "", ""
	if m.baseline != sc.base {
		m.baseline, m.baselineConfig = sc.base, ""
	}
	return t.write(ctx, sc, req, wish{version: sc.base}, m)
}

// allow looks for a change that the lease allows.
func (t *Target) allow(ctx context.Context, req target.WriteRequest) (sight, error) {
	if req.Key == "" {
		return sight{}, invalid("the change has no idempotency key")
	}
	s, err := t.look(ctx)
	if err == nil && req.Fence < s.fence {
		err = &target.Error{Code: target.CodeStaleFence, Message: fmt.Sprintf("the fence %d is below %d, which the alias has seen", req.Fence, s.fence),
			Remedy: "somebody else drives this rollout now"}
	}
	return s, err
}

// admit is allow with what runs in the arms.
func (t *Target) admit(ctx context.Context, req target.WriteRequest) (scene, error) {
	s, err := t.allow(ctx, req)
	if err != nil {
		return scene{}, err
	}
	return t.arms(ctx, s, t.version)
}

// update makes one conditional write, and returns what the alias says then.
func (t *Target) update(ctx context.Context, s sight, req target.WriteRequest, w wish, m memory) (sight, error) {
	c, err := t.lambda(ctx)
	if err != nil {
		return s, err
	}
	switch {
	case m.canary == "":
		m.owner = ""
	case m.owner == "":
		m.owner = t.owner
	}
	shares := map[string]float64{}
	if w.routed != "" {
		shares[w.routed] = math.Round(w.percent*1e4) / 1e6
	}
	out, err := c.UpdateAlias(ctx, &awslambda.UpdateAliasInput{
		FunctionName: t.name(), Name: aws.String(t.config.Alias), RevisionId: aws.String(s.revision),
		FunctionVersion: aws.String(w.version), RoutingConfig: &types.AliasRoutingConfiguration{AdditionalVersionWeights: shares},
		Description: aws.String(m.after(req.Key, req.Fence).String()),
	})
	if err != nil {
		return s, err
	}
	return see(aws.ToString(out.Description), aws.ToString(out.RevisionId), aws.ToString(out.FunctionVersion), out.RoutingConfig), nil
}

// write is update with the answer of a verb. When the condition does not hold it
// looks who was quicker: it may have been this very change, whose reply was lost.
func (t *Target) write(ctx context.Context, sc scene, req target.WriteRequest, w wish, m memory) (target.Progress, error) {
	s, err := t.update(ctx, sc.sight, req, w, m)
	stale := t.kind(err) == awscloud.Stale
	if err != nil && !stale {
		return target.Progress{}, t.failed(err, true)
	}
	if stale {
		if s, err = t.look(ctx); err != nil {
			return target.Progress{}, err
		}
	}
	after, err := t.arms(ctx, s, t.known)
	switch {
	case err != nil:
		return target.Progress{}, awsport.Unread(err, "the alias was written, and what it says now cannot be read")
	case stale && !s.done(req.Key):
		return target.Progress{}, after.conflict("somebody else changed the alias at the same time", "observe it and decide again")
	}
	return after.progress(after.is(w)), nil
}

func (s scene) progress(done bool) target.Progress {
	return target.Progress{Done: done, Observation: s.observation()}
}

func (s scene) conflict(message, remedy string) error {
	o := s.observation()
	return &target.Error{Code: target.CodeConflict, Message: message, Remedy: remedy, Observation: &o}
}

func (t *Target) unpublished(s scene) error {
	return s.conflict("the alias "+t.config.Alias+" names $LATEST, which has the new code as soon as it is brought into the function",
		"publish a version and let the alias name it, for example aws lambda publish-version and aws lambda update-alias --function-version; users then get what they have now")
}

func invalid(message string) error {
	return &target.Error{Code: target.CodeInvalid, Message: message, Remedy: "this is a mistake of the caller"}
}
