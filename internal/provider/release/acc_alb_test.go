package release_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// tasks does what ECS does and moto does not: it runs as many tasks as are wanted, all
// healthy at once, and registers their addresses with the service's target group.
func (s *awsStack) tasks(w http.ResponseWriter, r *http.Request, next http.Handler) {
	if !strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".DescribeServices") {
		next.ServeHTTP(w, r)
		return
	}
	heard := httptest.NewRecorder()
	next.ServeHTTP(heard, r)
	body := heard.Body.Bytes()
	var answer map[string]any
	if json.Unmarshal(body, &answer) == nil {
		services, _ := answer["services"].([]any)
		for _, one := range services {
			s.run(one.(map[string]any)) //nolint:forcetypeassert // The protocol says so.
		}
		body, _ = json.Marshal(answer) // It was JSON.
	}
	w.Header().Set("Content-Type", heard.Header().Get("Content-Type"))
	w.WriteHeader(heard.Code)
	_, _ = io.Copy(w, bytes.NewReader(body)) // Whoever asked may be gone.
}

// run runs the tasks of one service.
func (s *awsStack) run(service map[string]any) {
	want, _ := service["desiredCount"].(float64)
	service["runningCount"], service["pendingCount"], service["availabilityZoneRebalancing"] = want, 0, "DISABLED"
	deployments, _ := service["deployments"].([]any)
	for _, d := range deployments {
		d := d.(map[string]any) //nolint:forcetypeassert // The protocol says so.
		d["runningCount"], d["pendingCount"], d["rolloutState"] = want, 0, "COMPLETED"
	}
	balancers, _ := service["loadBalancers"].([]any)
	for _, b := range balancers {
		s.register(fmt.Sprint(b.(map[string]any)["targetGroupArn"]), int(want)) //nolint:forcetypeassert // The protocol says so.
	}
}

// register lets so many addresses stand behind a target group.
func (s *awsStack) register(group string, want int) {
	there, err := s.elb.DescribeTargetHealth(s.t.Context(), &elb.DescribeTargetHealthInput{TargetGroupArn: aws.String(group)})
	if err != nil {
		return // It is being destroyed.
	}
	address := func(i int) []types.TargetDescription {
		return []types.TargetDescription{{Id: aws.String(fmt.Sprintf("10.20.0.%d", 10+i)), Port: aws.Int32(80)}}
	}
	for i := len(there.TargetHealthDescriptions); i < want && err == nil; i++ {
		_, err = s.elb.RegisterTargets(s.t.Context(), &elb.RegisterTargetsInput{TargetGroupArn: aws.String(group), Targets: address(i)})
	}
	for i := len(there.TargetHealthDescriptions); i > want && err == nil; i-- {
		_, err = s.elb.DeregisterTargets(s.t.Context(), &elb.DeregisterTargetsInput{TargetGroupArn: aws.String(group), Targets: address(i - 1)})
	}
	if err != nil {
		s.t.Error(err)
	}
}

// share is green's part of what a listener's or a rule's form says, as it is written.
func share(form url.Values) string {
	var out string
	for key, arn := range form {
		if member, ok := strings.CutSuffix(key, ".TargetGroupArn"); ok && strings.Contains(arn[0], "/checkout-green/") && form.Has(member+".Weight") {
			out = form.Get(member + ".Weight")
		}
	}
	return out
}

// watch notes each share that somebody gives to green: that is what users see.
func (s *awsStack) watch(w http.ResponseWriter, r *http.Request, next http.Handler) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	if bytes.Contains(body, []byte("Action=SimulatePrincipalPolicy")) {
		// Moto does not simulate.
		s.rights.Answer(s.t, &s.asked, w, r, body)
		return
	}
	if form, err := url.ParseQuery(string(body)); err == nil && strings.HasPrefix(form.Get("Action"), "Modify") && share(form) != "" {
		s.note(strings.TrimPrefix(form.Get("Action"), "Modify") + " " + share(form))
	}
	s.tasks(w, r, next)
}

func (s *awsStack) note(move string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shares = append(s.shares, move)
}

// moved is what watch noted since the last call.
func (s *awsStack) moved() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := strings.Join(s.shares, ", ")
	s.shares = nil
	return out
}

func (s *awsStack) wantMoves(want string) {
	s.t.Helper()
	if got := s.moved(); got != want {
		s.t.Fatalf("green was given %s; want %s", got, want)
	}
}

// byHand gives green a share of the listener, as somebody at the console would.
func (s *awsStack) byHand(green int32) {
	s.t.Helper()
	listener := aws.String(fmt.Sprint(s.State("aws_lb_listener.http")["arn"]))
	out, err := s.elb.DescribeListeners(s.t.Context(), &elb.DescribeListenersInput{ListenerArns: []string{*listener}})
	if err != nil {
		s.t.Fatal(err)
	}
	actions := out.Listeners[0].DefaultActions
	for i, g := range actions[0].ForwardConfig.TargetGroups {
		weight := 100 - green
		if strings.Contains(aws.ToString(g.TargetGroupArn), "/checkout-green/") {
			weight = green
		}
		actions[0].ForwardConfig.TargetGroups[i].Weight = aws.Int32(weight)
	}
	if _, err := s.elb.ModifyListener(s.t.Context(), &elb.ModifyListenerInput{ListenerArn: listener, DefaultActions: actions}); err != nil {
		s.t.Fatal(err)
	}
}

// The whole of examples/aws-alb with the AWS provider: what serves is adopted, a
// version is released step by step, taken back, and the weights are moved by hand. In
// between no plan wants to move anything back.
func TestAccALBExample(t *testing.T) {
	s := newAWS(t, "aws-alb")
	s.moto.Before(s.watch)
	s.release("1.0.0")
	s.thereIn("checkout")
	if r := s.Apply(); r.Exit != 0 {
		t.Fatal(r.Output)
	}
	if last := s.history().Last(); last != nil {
		t.Errorf("what served already was rolled out: %+v", last)
	}

	s.release("1.1.0")
	s.MustApply()
	s.asked.Lock()
	if s.asked.Calls["SimulatePrincipalPolicy"] == 0 {
		t.Error("nobody asked IAM what may be changed")
	}
	s.asked.Unlock()
	s.wantMoves("Listener 5, Rule 5, Listener 25, Rule 25, Listener 100, Rule 100")

	s.sluice("rollback", "checkout/production", "--reason", "a test")
	s.moved()
	s.release("1.0.0")
	s.byHand(30)
	s.wantMoves("Listener 30")
	plan := s.Plan()
	s.Wants(plan, "warning", "checkout/production has drifted", "baseline.weight: expected 100 %, observed 85 %")
	// The output shows what serves. Nobody would move the listener.
	if !strings.Contains(plan.Output, "Plan: 0 to add, 0 to change, 0 to destroy.") {
		t.Errorf("somebody's plan would change something: %s", plan.Output)
	}
	if r := s.Run("destroy", "-json", "-input=false", "-auto-approve", "-refresh=false"); r.Exit != 0 {
		t.Fatal(r.Output)
	}
}
