package release_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/target/ecs/ecstest"
)

// walked is one AWS of two: moto has everything but the deployments of services, which
// it does not know. Those are of the project's own ECS, whose every answer is held to
// AWS's service model, and which moves the weights of moto's rule as ECS would.
type walked struct {
	*awsStack
	own *ecstest.Server
}

// deployments are what moto does not have.
var deployments = []string{"ListServiceDeployments", "DescribeServiceDeployments", "DescribeServiceRevisions", "ContinueServiceDeployment", "StopServiceDeployment"}

func (s *walked) serve(w http.ResponseWriter, r *http.Request, next http.Handler) {
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	if form, err := url.ParseQuery(string(body)); err == nil && form.Get("Action") == "ModifyRule" && share(form) != "" {
		s.note("Rule " + share(form))
	}
	again := func() { r.Body = io.NopCloser(bytes.NewReader(body)) }
	again()
	simulates := bytes.Contains(body, []byte("Action=SimulatePrincipalPolicy"))
	if simulates || slices.Contains(deployments, operation) || operation == "UpdateService" && bytes.Contains(body, []byte(`"taskDefinition"`)) {
		s.own.ServeHTTP(w, r)
		return
	}
	heard := httptest.NewRecorder()
	next.ServeHTTP(heard, r)
	answer := map[string]any{}
	if out := heard.Body.Bytes(); heard.Code == http.StatusOK && json.Unmarshal(out, &answer) == nil {
		s.mirror(operation, answer)
		out, _ = json.Marshal(answer) // It was JSON.
		heard.Body = bytes.NewBuffer(out)
	}
	w.Header().Set("Content-Type", heard.Header().Get("Content-Type"))
	w.WriteHeader(heard.Code)
	_, _ = io.Copy(w, heard.Body) // Whoever asked may be gone.
}

// mirror tells either what the other needs to know.
func (s *walked) mirror(operation string, answer map[string]any) {
	s.own.Lock()
	defer s.own.Unlock()
	switch operation {
	case "RegisterTaskDefinition":
		made, _ := answer["taskDefinition"].(map[string]any)
		arn, _ := made["taskDefinitionArn"].(string)
		s.own.Tasks[arn] = &ecstest.Task{ARN: arn, Made: made}
	case "ListTaskDefinitions":
		// Moto gives the oldest first, whatever it is asked for.
		arns, _ := answer["taskDefinitionArns"].([]any)
		slices.Reverse(arns)
	case "CreateService":
		service, _ := answer["service"].(map[string]any)
		task, _ := service["taskDefinition"].(string)
		desired, _ := service["desiredCount"].(float64)
		balancers, _ := service["loadBalancers"].([]any)
		s.own.Begin(s.own.Tasks[task], balancers, int(desired))
	case "DescribeServices":
		services, _ := answer["services"].([]any)
		for _, one := range services {
			service := one.(map[string]any) //nolint:forcetypeassert // The protocol says so.
			if service["status"] != "ACTIVE" {
				continue
			}
			own := s.own.Standing()
			for _, field := range []string{"runningCount", "taskDefinition", "deploymentConfiguration", "loadBalancers"} {
				service[field] = own[field]
			}
			service["deployments"], service["availabilityZoneRebalancing"] = []any{}, "DISABLED"
		}
	}
}

// route moves moto's rule, as ECS would.
func (s *walked) route(weights map[string]int) {
	rule := fmt.Sprint(s.own.Advanced()["productionListenerRule"])
	var groups []types.TargetGroupTuple
	for arn, weight := range weights {
		groups = append(groups, types.TargetGroupTuple{TargetGroupArn: aws.String(arn), Weight: aws.Int32(int32(weight))}) //nolint:gosec // At most 1000.
	}
	_, err := s.elb.ModifyRule(s.t.Context(), &elb.ModifyRuleInput{RuleArn: aws.String(rule), Actions: []types.Action{{Type: types.ActionTypeEnumForward, ForwardConfig: &types.ForwardActionConfig{TargetGroups: groups}}}})
	if err != nil {
		s.t.Error(err)
	}
}

// deployByHand deploys a task definition as somebody at the console would, who takes the
// hooks out so that nothing waits for a word.
func (s *walked) deployByHand(task string) {
	s.t.Helper()
	_, err := s.ecs.UpdateService(s.t.Context(), &awsecs.UpdateServiceInput{Cluster: aws.String("production"), Service: aws.String("checkout"), TaskDefinition: aws.String(task),
		DeploymentConfiguration: &ecstypes.DeploymentConfiguration{Strategy: ecstypes.DeploymentStrategyBlueGreen, LifecycleHooks: []ecstypes.DeploymentLifecycleHook{}}})
	if err != nil {
		s.t.Fatal(err)
	}
}

// The whole of examples/aws-ecs with the AWS provider: a release is walked by an ECS of
// the project, since no emulator has its deployments; everything else is moto's. It is
// released, taken back, and deployed to by hand. In between no plan wants to move anything
// back.
func TestAccECSExample(t *testing.T) {
	s := &walked{awsStack: newAWS(t, "aws-ecs")}
	s.own = ecstest.New(t, "123456789012.dkr.ecr.eu-central-1.amazonaws.com/checkout@"+digestOf("1.0.0"), clock.System{}.Now)
	s.own.Routed, s.own.Principal = s.route, "checkout-releases"
	s.own.Others = s.rights.Others
	s.moto.Before(s.serve)
	s.release("1.0.0")
	s.thereIn("production")
	if r := s.Apply(); r.Exit != 0 {
		t.Fatal(r.Output)
	}
	s.release("1.1.0")
	s.MustApply()
	// What ECS gave to green, as users saw it by the rule.
	if got := s.moved(); got != "Rule 5, Rule 100" {
		t.Errorf("green was given %s", got)
	}
	if last := s.history().Last(); last == nil || last.Spec.Payload.Version != "1.1.0" {
		t.Errorf("the last rollout is %+v", last)
	}
	newest := s.own.Serving.Task

	s.sluice("rollback", "checkout/production", "--reason", "a test")
	// A person's rollback walks no steps: ECS gives everything back to blue.
	if got := s.moved(); got != "Rule 0" {
		t.Errorf("on the way back green was given %s", got)
	}
	s.release("1.0.0")
	s.deployByHand(newest)
	plan := s.Plan()
	s.Wants(plan, "warning", "checkout/production has drifted", "baseline.digest: expected "+digestOf("1.0.0")[:19], digestOf("1.1.0")[:19])
	// Nobody would deploy anything.
	if !strings.Contains(plan.Output, "Plan: 0 to add, 0 to change, 0 to destroy.") {
		t.Errorf("somebody's plan would change something: %s", plan.Output)
	}
	if r := s.Run("destroy", "-json", "-input=false", "-auto-approve", "-refresh=false"); r.Exit != 0 {
		t.Fatal(r.Output)
	}
}
