package alb

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/awsport"
)

// Apply implements target.Target. It moves one route a call, in the order of the
// configuration; a greater fence is written down first.
func (t *Target) Apply(ctx context.Context, req target.ApplyRequest) (target.Progress, error) {
	if errs := req.Traffic.Validate(); len(errs) > 0 {
		return target.Progress{}, invalid("traffic: " + errs.Error())
	}
	if req.RevertAfter < 0 {
		return target.Progress{}, invalid(fmt.Sprintf("revert_after is negative (%s)", req.RevertAfter))
	}
	if lacks := req.Traffic.Lacks(target.Capabilities{Weights: true}); len(lacks) > 0 {
		return target.Progress{}, &target.Error{Code: target.CodeUnsupported, Message: "a load balancer's weights have not the capability " + strings.Join(lacks, " and "),
			Remedy: "choose a strategy without it"}
	}
	sc, err := t.admit(ctx, req.WriteRequest)
	if err != nil {
		return target.Progress{}, err
	}
	if _, _, ok := split(req.Traffic.Weight); !ok {
		if req.Traffic.Weight > sc.weight {
			return target.Progress{}, unsupported(req.Traffic.Weight)
		}
		// On a way back by steps, less than what was asked for is no harm.
		req.Traffic.Weight = lower(req.Traffic.Weight)
	}
	if sc.cand == none && req.Traffic.Weight == 0 {
		return sc.done(), nil
	}
	if err := sc.may(req); err != nil {
		return target.Progress{}, err
	}
	if req.Fence > sc.fence {
		return t.remember(ctx, sc, req.WriteRequest, sc.memory, false)
	}
	return t.move(ctx, sc, req.Traffic.Weight)
}

// may says what stands in the way of a weight.
func (s scene) may(req target.ApplyRequest) error {
	weight := req.Traffic.Weight
	if want := req.ExpectedFingerprint; want != "" && want != s.fingerprint() {
		return s.conflict(fmt.Sprintf("the fingerprint is %q and not %q", s.fingerprint(), want), "somebody changed a listener, a rule or a target group; observe them and decide again")
	}
	if err := s.clean(); err != nil {
		return err
	}
	switch {
	case s.cand == none:
		return s.conflict(fmt.Sprintf("there is no canary to give %g %% of the traffic to", weight), "prepare one first")
	case weight < 100 && weight > 0 && s.units[s.base].payload.IsZero():
		return s.conflict(fmt.Sprintf("nothing serves in the target group %s, so nothing can take the other %g %% of the traffic", groupName(s.groups[s.base]), 100-weight), "set weight 100")
	case weight > s.weight && s.ready(weight) != target.Healthy:
		h := s.health[s.cand]
		return s.conflict(fmt.Sprintf("%d targets of %s are healthy, and %g %% of the traffic needs %d: %d starting, %d unhealthy %s%s", h.healthy, groupName(s.groups[s.cand]), weight, s.needed(weight), h.initial, h.unhealthy, h.why, s.units[s.cand].broken),
			"see why the load balancer's health check fails, or wait until the targets are healthy; a group without healthy targets answers its share with 503")
	}
	return nil
}

// clean says what of the routes makes a share meaningless.
func (s scene) clean() error {
	for _, r := range s.routes {
		switch {
		case r.forward == none || !r.names(s.groups):
			return s.conflict("the "+routeName(r.arn)+" forwards to neither target group", "let it forward to both, with the weights 100 and 0, and ignore changes of its action")
		case len(r.foreign) > 0:
			return s.conflict("the "+routeName(r.arn)+" also forwards to "+groupName(r.foreign[0])+", which is none of the two target groups, so no share would be right",
				"take the other target group out, or set its weight to 0")
		}
	}
	return nil
}

// move brings the first route that is not there yet to the weight of the canary, and
// looks again at what all of them say then: nothing else tells whether somebody else
// wrote at the same time.
func (t *Target) move(ctx context.Context, sc scene, weight float64) (target.Progress, error) {
	for i, r := range sc.routes {
		if r.is(sc.cand, weight) {
			continue
		}
		want, err := r.wish(sc.cand, weight)
		if err == nil {
			err = t.modify(ctx, r, want)
		}
		if err != nil {
			return target.Progress{}, t.failed(err, true)
		}
		after, err := t.again(ctx, sc)
		switch {
		case err != nil:
			return target.Progress{}, err
		case !after.routes[i].is(sc.cand, weight):
			return target.Progress{}, after.conflict("somebody else changed the "+routeName(r.arn)+" at the same time", "observe it and decide again; two drivers must not move the same weights")
		}
		return after.moved(weight), nil
	}
	return sc.done(), nil
}

// moved is the answer after a write.
func (s scene) moved(weight float64) target.Progress {
	for _, r := range s.routes {
		if !r.is(s.cand, weight) {
			return s.wait(soon)
		}
	}
	return s.done()
}

// again reads routes and tags after a write. What runs in the arms was read just
// before, and is not moved by weights.
func (t *Target) again(ctx context.Context, sc scene) (scene, error) {
	s, err := t.look(ctx, true)
	if err != nil {
		return sc, awsport.Unread(err, "it was written, and what is there now cannot be read")
	}
	sc.sight = s
	return sc, nil
}

// modify writes the weights of one route, with its complete list of actions.
func (t *Target) modify(ctx context.Context, r route, weights [2]int32) error {
	if weights == [2]int32{} {
		return invalid("both weights would be 0, and every request would be answered with 503")
	}
	if r.forward == none {
		return &target.Error{Code: target.CodeConflict, Message: "the " + routeName(r.arn) + " forwards to no target group"}
	}
	c, err := t.balancer(ctx)
	if err != nil {
		return err
	}
	actions := r.with(t.config.TargetGroups, weights)
	if isRule(r.arn) {
		_, err = c.ModifyRule(ctx, &elb.ModifyRuleInput{RuleArn: aws.String(r.arn), Actions: actions})
	} else {
		_, err = c.ModifyListener(ctx, &elb.ModifyListenerInput{ListenerArn: aws.String(r.arn), DefaultActions: actions})
	}
	return err
}

// Complete implements target.Target. The weights are there already; the groups
// change their names.
func (t *Target) Complete(ctx context.Context, req target.WriteRequest) (target.Progress, error) {
	sc, err := t.admit(ctx, req)
	if err != nil {
		return target.Progress{}, err
	}
	if sc.cand == none {
		return sc.done(), nil
	}
	if least, _ := sc.extremes(sc.cand); least < 100 {
		return target.Progress{}, sc.conflict(fmt.Sprintf("the target group %s takes %g %% of the traffic of one route and not all of it", groupName(sc.groups[sc.cand]), least), "set weight 100 first")
	}
	m := sc.memory
	m.baseline, m.baselineConfig = shortID(sc.groups[sc.cand]), sc.units[sc.cand].payload.ConfigurationDigest
	m.old, m.canary, m.canaryConfig = shortID(sc.groups[sc.base]), "", ""
	return t.remember(ctx, sc, req, m, true)
}

// Revert implements target.Target. It needs what the routes and tags say and one
// write for each route, and waits for nothing that it need not know: neither our own
// ceiling of calls nor what runs in the arms. A route that cannot be written keeps
// none of the others from going back.
func (t *Target) Revert(ctx context.Context, req target.WriteRequest) (target.Progress, error) {
	ctx = awscloud.Urgent(ctx)
	s, err := t.allow(ctx, req, true)
	if err != nil {
		return target.Progress{}, err
	}
	if s.cand == none {
		return t.reverted(ctx, s), nil
	}
	var failed error
	for _, r := range s.routes {
		if r.is(s.cand, 0) {
			continue
		}
		want, err := r.wish(s.cand, 0)
		if err == nil {
			err = t.modify(ctx, r, want)
		}
		if err != nil {
			failed = t.failed(err, true)
			continue
		}
		after, err := t.look(ctx, true)
		if err != nil {
			return target.Progress{}, awsport.Unread(err, "the weights were written, and what they are now cannot be read")
		}
		return t.reverted(ctx, after), nil
	}
	if failed != nil {
		return target.Progress{}, failed
	}
	if req.Fence > s.fence {
		// The traffic is back. Whoever was replaced shall find out before they write.
		m := s.memory
		m.baseline = shortID(t.config.TargetGroups[s.base])
		if after, err := t.note(ctx, s, req, m); err == nil {
			s = after
		}
	}
	return t.reverted(ctx, s), nil
}

// reverted is the answer of a revert. What runs in the arms is told where it can be.
func (t *Target) reverted(ctx context.Context, s sight) target.Progress {
	out := target.Progress{Done: true, LookAgain: soon}
	for _, r := range s.routes {
		out.Done = out.Done && (s.cand == none || r.is(s.cand, 0))
	}
	if sc, err := t.stage(ctx, s); err == nil {
		out.Observation = sc.observation()
	}
	return out
}

// Finalize implements target.Target: what has no traffic is taken down to what it
// keeps, its connections are waited for, and what was held is let go. Then the groups
// forget the rollout.
func (t *Target) Finalize(ctx context.Context, req target.WriteRequest) (target.Progress, error) {
	sc, err := t.admit(ctx, req)
	if err != nil {
		return target.Progress{}, err
	}
	if sc.cand != none {
		if _, most := sc.extremes(sc.cand); most > 0 {
			return target.Progress{}, sc.conflict(fmt.Sprintf("the target group %s takes %g %% of the traffic of one route", groupName(sc.groups[sc.cand]), most), "complete or revert first; an arm with traffic is never removed")
		}
	}
	if sc.memory.canary == "" && sc.old == "" && sc.rollout == "" {
		return sc.done(), nil
	}
	idle := 1 - sc.base
	for _, next := range []func() (bool, error){
		func() (bool, error) { return t.fleet.rest(ctx, sc, idle) },
		func() (bool, error) { return t.fleet.resume(ctx, sc) },
	} {
		if wrote, err := next(); err != nil || wrote {
			return sc.wait(soon), t.failed(err, wrote)
		}
	}
	if h, u := sc.health[idle], sc.units[idle]; h.draining > 0 || u.running > u.wanted {
		return sc.wait(lookAgain), nil
	}
	m := sc.memory
	m.baseline, m.canary, m.canaryConfig, m.old, m.rollout, m.floor = shortID(sc.groups[sc.base]), "", "", "", "", t.fleet.left(sc)
	m.baselineConfig = sc.units[sc.base].payload.ConfigurationDigest
	return t.remember(ctx, sc, req, m, true)
}

// allow looks for a change that the lease allows.
func (t *Target) allow(ctx context.Context, req target.WriteRequest, tolerant bool) (sight, error) {
	if req.Key == "" {
		return sight{}, invalid("the change has no idempotency key")
	}
	s, err := t.look(ctx, tolerant)
	if err == nil && req.Fence < s.fence {
		err = &target.Error{Code: target.CodeStaleFence, Message: fmt.Sprintf("the fence %d is below %d, which the target groups have seen", req.Fence, s.fence),
			Remedy: "somebody else drives this rollout now"}
	}
	return s, err
}

// admit is allow with what runs in the arms.
func (t *Target) admit(ctx context.Context, req target.WriteRequest) (scene, error) {
	s, err := t.allow(ctx, req, false)
	if err != nil {
		return scene{}, err
	}
	return t.stage(ctx, s)
}

// note writes the memory into the tags of both groups, and reads them again.
func (t *Target) note(ctx context.Context, s sight, req target.WriteRequest, m memory) (sight, error) {
	c, err := t.balancer(ctx)
	if err != nil {
		return s, err
	}
	m.serial++
	m.fence = max(m.fence, req.Fence)
	_, err = c.AddTags(ctx, &elb.AddTagsInput{ResourceArns: t.config.TargetGroups, Tags: []types.Tag{{Key: aws.String(memoryKey), Value: aws.String(m.String())}}})
	if err != nil {
		return s, t.failed(err, true)
	}
	tags, err := t.tags(ctx)
	if err != nil {
		return s, awsport.Unread(err, "the tags were written, and what they say now cannot be read")
	}
	for _, tag := range tags {
		if tag[memoryKey] != m.String() {
			return s, &target.Error{Code: target.CodeConflict, Message: "somebody else changed the tags of the target groups at the same time", Remedy: "observe them and decide again"}
		}
	}
	return t.config.see(s.routes, tags), nil
}

// remember is note with the answer of a verb.
func (t *Target) remember(ctx context.Context, sc scene, req target.WriteRequest, m memory, done bool) (target.Progress, error) {
	s, err := t.note(ctx, sc.sight, req, m)
	if err != nil {
		return target.Progress{}, err
	}
	sc.sight = s
	if id := shortID(sc.groups[sc.base]); s.memory.baseline == id {
		sc.units[sc.base].payload.ConfigurationDigest = s.baselineConfig
	}
	if s.cand != none {
		sc.units[s.cand].payload.ConfigurationDigest = s.canaryConfig
	}
	if !done {
		return sc.wait(soon), nil
	}
	return sc.done(), nil
}

func (s scene) done() target.Progress {
	return target.Progress{Done: true, Observation: s.observation()}
}

func (s scene) conflict(message, remedy string) error {
	o := s.observation()
	return &target.Error{Code: target.CodeConflict, Message: strings.TrimSpace(message), Remedy: remedy, Observation: &o}
}
