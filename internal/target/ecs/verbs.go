package ecs

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/awsport"
)

// Apply implements target.Target. It tells ECS to go on to the next weight of its
// plan, and is done when ECS has it and waits at the hook behind it, whose time is the
// dead-man switch. It cannot renew that time.
func (t *Target) Apply(ctx context.Context, req target.ApplyRequest) (target.Progress, error) {
	if errs := req.Traffic.Validate(); len(errs) > 0 {
		return target.Progress{}, invalid("traffic: " + errs.Error())
	}
	if req.RevertAfter < 0 {
		return target.Progress{}, invalid(fmt.Sprintf("revert_after is negative (%s)", req.RevertAfter))
	}
	can, _ := t.Capabilities(ctx) // It asks nobody.
	if lacks := req.Traffic.Lacks(can); len(lacks) > 0 {
		return target.Progress{}, &target.Error{Code: target.CodeUnsupported, Message: "ECS has not the capability " + strings.Join(lacks, " and "),
			Remedy: "choose a strategy without it: ECS chooses between old and new tasks by chance alone"}
	}
	sc, err := t.admit(ctx, req.WriteRequest)
	want := req.Traffic.Weight
	switch {
	case err != nil:
		return target.Progress{}, err
	case want == sc.weight && sc.strayed == "" && (want == 0 || sc.canary != nil):
		return t.standing(sc), nil
	case req.ExpectedFingerprint != "" && req.ExpectedFingerprint != sc.fingerprint():
		return target.Progress{}, t.conflict(sc, fmt.Sprintf("the fingerprint is %q and not %q", sc.fingerprint(), req.ExpectedFingerprint), "somebody changed the service; observe it and decide again")
	case sc.canary == nil:
		return target.Progress{}, t.conflict(sc, fmt.Sprintf("there is no canary to give %g %% of the traffic to", want), "prepare one first")
	case sc.back() || sc.returning:
		return target.Progress{}, t.conflict(sc, "ECS took the deployment back ("+sc.why()+")", "see why, and release again")
	}
	if err := t.ours(sc, req.WriteRequest); err != nil {
		return target.Progress{}, err
	}
	if sc.strayed != "" && sc.hook != nil {
		return target.Progress{}, t.astray(sc)
	}
	if n := next(sc.newest.DeploymentConfiguration, sc.weight); n != want {
		return target.Progress{}, t.conflict(sc, fmt.Sprintf("ECS goes from %g %% to %g %% next, and not to %g %%", sc.weight, n, want), "ECS walks the plan with which the deployment began and no other; revert, and release with another strategy")
	}
	return t.goOn(ctx, sc, func(now scene) target.Progress {
		if now.weight != want {
			return t.wait(now, lookAgain)
		}
		return t.standing(now)
	})
}

// standing answers for a weight that ECS has already: done once a hook guards it.
func (t *Target) standing(sc scene) target.Progress {
	guarded := sc.weight == 0 || sc.hook != nil || !sc.forward()
	if !guarded {
		return t.wait(sc, lookAgain)
	}
	return target.Progress{Done: true, Observation: t.observation(sc)}
}

// goOn says the word at the hook that waits. Where none does, ECS is on its way.
func (t *Target) goOn(ctx context.Context, sc scene, answer func(scene) target.Progress) (target.Progress, error) {
	if sc.strayed != "" {
		return target.Progress{}, t.astray(sc)
	}
	if sc.hook == nil {
		return t.wait(sc, lookAgain), nil
	}
	if err := t.say(ctx, sc, types.DeploymentLifecycleHookActionContinue); err != nil {
		return target.Progress{}, err
	}
	return t.after(ctx, answer)
}

// astray says that the rule is not where ECS believes it to be.
func (t *Target) astray(sc scene) error {
	return t.conflict(sc, sc.strayed, "put the rule's weights right; ECS shifts from what it believes, and does not look at them")
}

// say answers the hook that waits. Where ECS refuses it, somebody else was quicker,
// or its time is over: whoever asked looks again.
func (t *Target) say(ctx context.Context, sc scene, action types.DeploymentLifecycleHookAction) error {
	c, err := t.ecs(ctx)
	if err != nil {
		return err
	}
	_, err = c.ContinueServiceDeployment(ctx, &awsecs.ContinueServiceDeploymentInput{ServiceDeploymentArn: sc.newest.ServiceDeploymentArn, HookId: sc.hook.HookId, Action: action}, notTwice)
	if err != nil && !t.refused(err) {
		return t.failed(err, true)
	}
	return nil
}

// after looks again after a change.
func (t *Target) after(ctx context.Context, answer func(scene) target.Progress) (target.Progress, error) {
	s, err := t.look(ctx)
	if err != nil {
		return target.Progress{}, awsport.Unread(err, "the change was made, and what it led to cannot be read")
	}
	return answer(t.words(s)), nil
}

// Complete implements target.Target: it lets ECS go on from the last hook, waits until
// the old tasks are gone, and writes down that the rollout has ended.
func (t *Target) Complete(ctx context.Context, req target.WriteRequest) (target.Progress, error) {
	sc, err := t.admit(ctx, req)
	switch {
	case err != nil:
		return target.Progress{}, err
	case sc.canary == nil:
		return target.Progress{Done: true, Observation: t.observation(sc)}, nil
	case sc.weight < 100 || sc.back() || sc.returning:
		return target.Progress{}, t.conflict(sc, fmt.Sprintf("%s takes %g %% of the traffic and not all of it (%s)", t.payload(sc.canary).Label(), sc.weight, sc.why()), "set weight 100 first")
	}
	if err := t.ours(sc, req); err != nil {
		return target.Progress{}, err
	}
	done := func(now scene) target.Progress {
		if now.canary == nil {
			return target.Progress{Done: true, Observation: t.observation(now)}
		}
		return t.wait(now, lookAgain)
	}
	if sc.forward() {
		return t.goOn(ctx, sc, func(now scene) target.Progress {
			if now.forward() {
				return t.wait(now, lookAgainSlow)
			}
			return done(now)
		})
	}
	if sc.strayed != "" {
		return target.Progress{}, t.conflict(sc, sc.strayed, "put the rule's weights right, and apply again")
	}
	return t.end(ctx, sc, "completed", done)
}

// stop takes back what an earlier rollout left without traffic.
func (t *Target) stop(ctx context.Context, sc scene) (target.Progress, error) {
	if err := t.halt(ctx, sc); err != nil {
		return target.Progress{}, err
	}
	return t.after(ctx, func(now scene) target.Progress { return t.wait(now, lookAgain) })
}

// halt makes ECS go back wherever the deployment is.
func (t *Target) halt(ctx context.Context, sc scene) error {
	c, err := t.ecs(ctx)
	if err != nil {
		return err
	}
	_, err = c.StopServiceDeployment(ctx, &awsecs.StopServiceDeploymentInput{ServiceDeploymentArn: sc.newest.ServiceDeploymentArn, StopType: types.StopServiceDeploymentStopTypeRollback}, notTwice)
	if err != nil && !t.refused(err) {
		return t.failed(err, true)
	}
	return nil
}

// Finalize implements target.Target: ECS removes tasks itself, so it waits for that,
// and writes down that the rollout has ended. Task definitions stay; they cost nothing.
func (t *Target) Finalize(ctx context.Context, req target.WriteRequest) (target.Progress, error) {
	sc, err := t.admit(ctx, req)
	switch {
	case err != nil:
		return target.Progress{}, err
	case sc.canary == nil, ofAnother(sc.canary, releaseOf(req.Rollout)):
		return target.Progress{Done: true, Observation: t.observation(sc)}, nil
	case sc.weight > 0:
		return target.Progress{}, t.conflict(sc, fmt.Sprintf("%s takes %g %% of the traffic", t.payload(sc.canary).Label(), sc.weight), "complete or revert first; an arm with traffic is never removed")
	case sc.canary.rollout() == "":
		return target.Progress{}, t.foreign(sc)
	case sc.status() == types.ServiceDeploymentStatusRollbackFailed:
		return target.Progress{}, t.stuck(sc)
	case sc.forward() && !sc.returning:
		return t.stop(ctx, sc)
	case !sc.failed() && !(sc.returning && !sc.forward()):
		return t.wait(sc, lookAgainSlow), nil
	}
	return t.end(ctx, sc, "taken back", func(now scene) target.Progress {
		return target.Progress{Done: now.canary == nil, LookAgain: lookAgain, Observation: t.observation(now)}
	})
}

// end writes down that the canary's rollout is over.
func (t *Target) end(ctx context.Context, sc scene, how string, answer func(scene) target.Progress) (target.Progress, error) {
	c, err := t.ecs(ctx)
	if err != nil {
		return target.Progress{}, err
	}
	_, err = c.TagResource(ctx, &awsecs.TagResourceInput{ResourceArn: sc.canary.detail.TaskDefinition, Tags: []types.Tag{{Key: aws.String(tagEnded), Value: aws.String(how)}}}, notTwice)
	if err != nil {
		return target.Progress{}, t.failed(err, true)
	}
	return t.after(ctx, answer)
}

// ours checks that the newest deployment is the one of this rollout. ECS takes a
// second UpdateService without a word, and the first deployment is then superseded.
func (t *Target) ours(sc scene, req target.WriteRequest) error {
	switch {
	case sc.target.rollout() == "":
		return t.foreign(sc)
	case req.Rollout != "" && sc.target.rollout() != tagValue(req.Rollout):
		return t.conflict(sc, fmt.Sprintf("the newest deployment of the service is of the rollout %s and not of %s", sc.target.rollout(), req.Rollout), "somebody else drives this service now; observe it and decide again")
	}
	return nil
}

// admit looks for a change.
func (t *Target) admit(ctx context.Context, req target.WriteRequest) (scene, error) {
	if err := keyed(req); err != nil {
		return scene{}, err
	}
	s, err := t.look(ctx)
	if err != nil {
		return scene{}, err
	}
	return t.words(s), nil
}

func keyed(req target.WriteRequest) error {
	if req.Key == "" {
		return invalid("the change has no idempotency key")
	}
	return nil
}

func (t *Target) conflict(sc scene, message, remedy string) error {
	o := t.observation(sc)
	return &target.Error{Code: target.CodeConflict, Message: message, Remedy: remedy, Observation: &o}
}

func invalid(message string) error {
	return &target.Error{Code: target.CodeInvalid, Message: message, Remedy: "this is a mistake of the caller"}
}
