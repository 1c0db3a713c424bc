package awscloud

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/sluice/terraform-provider-sluice/internal/pattern"
)

// Use is what somebody means to do: actions, each on each of the resources.
type Use struct {
	Actions, Resources []string
	// PassedTo is the service that iam:PassRole hands a role to, where that is asked, and
	// LaunchTemplate the ARN of the one that instances are started from.
	PassedTo, LaunchTemplate string
	// CreatedBy is the action by which is made what ec2:CreateTags tags.
	CreatedBy string
	// Of names the resource in words where nobody here knows which one it is. Resources
	// are then patterns that surely hold it, so that a yes is one and a no is none.
	Of string
	// Role is whose rights are asked for, where it is another's than the caller's.
	Role string
}

// Lack is one right that is missing, or may be.
type Lack struct {
	Action, Resource string
	// Role is whose it is; empty is the caller's.
	Role string
}

// assumed is a session's ARN; the role's own has no session, and may have a path that
// it does not tell.
var assumed = pattern.New(`^arn:([a-z-]+):sts::([0-9]{12}):assumed-role/([^/]+)/.+$`)

// Simulation is what IAM says of what will be done.
type Simulation struct {
	// Lacks are not allowed.
	Lacks []Lack
	// Unsure are those of which nobody can tell, and Why the reason.
	Unsure []Lack
	Why    string
}

// Simulated asks IAM to simulate what will be done, and lists what its policies do not
// allow, and of what nobody can tell: the credentials may not ask
// (iam:SimulatePrincipalPolicy), their role cannot be found by their session, or policies
// ask for what we cannot know. What an organisation forbids, IAM's simulation does not know.
func (s *Session) Simulated(ctx context.Context, uses ...Use) Simulation {
	var out Simulation
	simulate, principal, err := s.simulator(ctx)
	for _, use := range uses {
		if len(use.Resources) == 0 {
			continue
		}
		var results []types.EvaluationResult
		if err == nil {
			results, err = simulate(ctx, use.input(cmp.Or(use.Role, principal)))
		}
		if err != nil {
			out.Unsure = append(out.Unsure, use.each()...)
			continue
		}
		out.add(use, results)
	}
	if err != nil {
		out.Why = s.untold(err)
	}
	return out
}

// simulator gives the call, and whose rights are asked for.
func (s *Session) simulator(ctx context.Context) (simulate func(context.Context, *iam.SimulatePrincipalPolicyInput) ([]types.EvaluationResult, error), principal string, err error) {
	cfg, err := s.Config(ctx)
	if err != nil {
		return nil, "", err
	}
	cfg = s.Elsewhere(cfg)
	who, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return nil, "", err
	}
	principal = aws.ToString(who.Arn)
	if m := assumed.FindStringSubmatch(principal); m != nil {
		principal = fmt.Sprintf("arn:%s:iam::%s:role/%s", m[1], m[2], m[3])
	}
	call := iam.NewFromConfig(cfg).SimulatePrincipalPolicy
	return func(ctx context.Context, in *iam.SimulatePrincipalPolicyInput) ([]types.EvaluationResult, error) {
		out, err := call(ctx, in)
		if err != nil {
			return nil, err
		}
		return out.EvaluationResults, nil
	}, principal, nil
}

// untold says why IAM did not answer.
func (s *Session) untold(err error) string {
	if Code(err) == "NoSuchEntity" {
		return "IAM does not find the role by its name, as where it has a path"
	}
	return s.Explain(err).Message
}

func (u Use) input(principal string) *iam.SimulatePrincipalPolicyInput {
	in := &iam.SimulatePrincipalPolicyInput{PolicySourceArn: aws.String(principal), ActionNames: u.Actions, ResourceArns: u.Resources}
	add := func(key, value string, kind types.ContextKeyTypeEnum) {
		if value != "" {
			in.ContextEntries = append(in.ContextEntries, types.ContextEntry{ContextKeyName: aws.String(key), ContextKeyType: kind, ContextKeyValues: []string{value}})
		}
	}
	add("iam:PassedToService", u.PassedTo, types.ContextKeyTypeEnumString)
	add("ec2:CreateAction", u.CreatedBy, types.ContextKeyTypeEnumString)
	add("ec2:LaunchTemplate", u.LaunchTemplate, types.ContextKeyTypeEnumString)
	return in
}

func (u Use) each() []Lack {
	var out []Lack
	for _, action := range u.Actions {
		if u.Of != "" {
			out = append(out, Lack{action, u.Of, u.Role})
			continue
		}
		for _, resource := range u.Resources {
			out = append(out, Lack{action, resource, u.Role})
		}
	}
	return out
}

// add sorts what is not allowed. Of a no that comes with keys that policies ask for and we
// cannot know, such as tags, nobody can say whether it is one.
func (s *Simulation) add(use Use, results []types.EvaluationResult) {
	no := func(action *string, resource *string, missing []string) {
		lack := Lack{aws.ToString(action), aws.ToString(resource), use.Role}
		if use.Of != "" {
			s.Unsure, s.Why = append(s.Unsure, Lack{lack.Action, use.Of, use.Role}), "only AWS knows what that is on"
			return
		}
		if unknown := slices.DeleteFunc(slices.Clone(missing), func(key string) bool { return slices.Contains(ours, key) }); len(unknown) > 0 {
			slices.Sort(unknown)
			s.Unsure, s.Why = append(s.Unsure, lack), "policies ask for "+strings.Join(unknown, ", ")+", which only the call itself has"
			return
		}
		s.Lacks = append(s.Lacks, lack)
	}
	for _, r := range results {
		if len(r.ResourceSpecificResults) == 0 && r.EvalDecision != types.PolicyEvaluationDecisionTypeAllowed {
			no(r.EvalActionName, r.EvalResourceName, r.MissingContextValues)
		}
		for _, one := range r.ResourceSpecificResults {
			if one.EvalResourceDecision != types.PolicyEvaluationDecisionTypeAllowed {
				no(r.EvalActionName, one.EvalResourceName, one.MissingContextValues)
			}
		}
	}
}

// ours are the keys that docs/policies asks for. They are given where they matter.
var ours = []string{"iam:PassedToService", "ec2:LaunchTemplate", "ec2:CreateAction"}
