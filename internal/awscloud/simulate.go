package awscloud

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/sluice/terraform-provider-sluice/internal/pattern"
)

// Use is what somebody means to do: actions, each on each of the resources.
type Use struct {
	Actions, Resources []string
	// PassedTo is the service that iam:PassRole hands a role to, where that is asked.
	PassedTo string
}

// Lack is one right that IAM says is missing.
type Lack struct{ Action, Resource string }

// assumed is a session's ARN; the role's own has no session, and may have a path that
// it does not tell.
var assumed = pattern.New(`^arn:([a-z-]+):sts::([0-9]{12}):assumed-role/([^/]+)/.+$`)

// Simulated asks IAM to simulate what will be done, and lists what its policies do not
// allow. It is false where nobody can tell: the credentials may not ask
// (iam:SimulatePrincipalPolicy), or their role cannot be found by their session. What an
// organisation forbids, IAM's simulation does not know.
func (s *Session) Simulated(ctx context.Context, uses ...Use) ([]Lack, bool) {
	cfg, err := s.Config(ctx)
	if err != nil {
		return nil, false
	}
	cfg = s.Elsewhere(cfg)
	who, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return nil, false
	}
	principal := aws.ToString(who.Arn)
	if m := assumed.FindStringSubmatch(principal); m != nil {
		principal = fmt.Sprintf("arn:%s:iam::%s:role/%s", m[1], m[2], m[3])
	}
	simulate := iam.NewFromConfig(cfg).SimulatePrincipalPolicy
	var lacks []Lack
	for _, use := range uses {
		if len(use.Resources) == 0 {
			continue
		}
		in := &iam.SimulatePrincipalPolicyInput{PolicySourceArn: aws.String(principal), ActionNames: use.Actions, ResourceArns: use.Resources}
		if use.PassedTo != "" {
			in.ContextEntries = []types.ContextEntry{{ContextKeyName: aws.String("iam:PassedToService"), ContextKeyType: types.ContextKeyTypeEnumString, ContextKeyValues: []string{use.PassedTo}}}
		}
		out, err := simulate(ctx, in)
		if err != nil {
			return nil, false
		}
		lacks = append(lacks, denied(out.EvaluationResults)...)
	}
	return lacks, true
}

// denied lists what is surely not allowed. Of a no that comes with keys that policies ask
// for and we cannot know, such as tags, nobody can say whether it is one.
func denied(results []types.EvaluationResult) []Lack {
	var lacks []Lack
	for _, r := range results {
		if len(r.ResourceSpecificResults) == 0 && r.EvalDecision != types.PolicyEvaluationDecisionTypeAllowed && !unsure(r.MissingContextValues) {
			lacks = append(lacks, Lack{aws.ToString(r.EvalActionName), aws.ToString(r.EvalResourceName)})
		}
		for _, one := range r.ResourceSpecificResults {
			if one.EvalResourceDecision != types.PolicyEvaluationDecisionTypeAllowed && !unsure(one.MissingContextValues) {
				lacks = append(lacks, Lack{aws.ToString(r.EvalActionName), aws.ToString(one.EvalResourceName)})
			}
		}
	}
	return lacks
}

// ours are the keys that docs/policies asks for. They are given where they matter.
var ours = []string{"iam:PassedToService", "ec2:LaunchTemplate", "ec2:CreateAction"}

func unsure(missing []string) bool {
	return slices.ContainsFunc(missing, func(key string) bool { return !slices.Contains(ours, key) })
}
