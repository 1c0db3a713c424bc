// Package ecstest is an ECS for tests: one service as a state machine behind HTTP,
// with what no emulator has: strategies, service deployments, hooks that wait and time
// out, target groups that change places, and a second update that takes the place of
// the first without a word. Each request, and each answer of its own, is held to the
// service model. It follows AWS's documentation; nobody has held it beside AWS itself.
package ecstest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud/awstest"
)

// Server is the service, in the account 123456789012 and eu-central-1.
type Server struct {
	URL string

	t          testing.TB
	model, elb *awstest.Model

	awstest.Watch
	awstest.Rights
	*Service
}

// New starts an ECS with a service that runs the image. Hooks time out by now.
func New(t testing.TB, image string, now func() time.Time) *Server {
	t.Helper()
	model, err := awstest.ECS()
	if err != nil {
		t.Fatal(err)
	}
	elb, err := awstest.ELB()
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{elb: elb, Rights: awstest.Rights{Principal: "releases", Others: []string{Role}}, t: t, model: model, Service: newService(image, now)}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.URL = server.URL
	return s
}

// Change lets the test change the service as somebody else would.
func (s *Server) Change(f func(*Service)) {
	s.Lock()
	defer s.Unlock()
	f(s.Service)
	if !s.Slow {
		s.Newest().run()
	}
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	if strings.Contains(r.Header.Get("Authorization"), "/eu-central-1/elasticloadbalancing/") {
		s.balancer(w, r, body)
		return
	}
	if awstest.Asks(r) {
		s.Answer(s.t, &s.Watch, w, r, body)
		return
	}
	op, given, err := s.model.RPC(r, body)
	if err != nil {
		s.t.Errorf("a request that AWS would not take: %v", err)
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if !strings.Contains(r.Header.Get("Authorization"), "/eu-central-1/ecs/") {
		s.t.Errorf("%s is not signed for ECS in eu-central-1", op.Name())
	}
	status, answer, code, lost, after := s.carry(op, given)
	if after != nil {
		after(op.Name())
	}
	if lost {
		panic(http.ErrAbortHandler)
	}
	s.reply(w, op, status, answer, code)
}

// writes are the operations that change something.
var writes = map[string]bool{"RegisterTaskDefinition": true, "UpdateService": true, "ContinueServiceDeployment": true, "StopServiceDeployment": true, "TagResource": true}

// carry carries one request out.
func (s *Server) carry(op *awstest.Operation, given map[string]any) (status int, answer any, code string, lost bool, after func(string)) {
	s.Lock()
	defer s.Unlock()
	f := s.Asked(op.Name())
	if f.Code != "" {
		return f.Status, object{"message": "a fault of the test"}, f.Code, false, nil
	}
	if !s.May(op.Name(), given) {
		return 400, object{"message": "no identity-based policy allows it"}, "AccessDeniedException", false, nil
	}
	answer, problem := s.do(op.Name(), given)
	if problem != nil {
		return problem.status, object{"message": problem.text}, problem.code, f.Lost, s.Then()
	}
	if writes[op.Name()] {
		s.Wrote(op.Name())
	}
	return op.Success(), answer, "", f.Lost, s.Then()
}

func (s *Server) reply(w http.ResponseWriter, op *awstest.Operation, status int, answer any, code string) {
	body, _ := json.Marshal(answer) // It holds maps and texts.
	if err := s.model.Answer(op, status, code, body); err != nil {
		s.t.Errorf("an answer that AWS would not give: %v", err)
	}
	if code != "" {
		w.Header().Set("X-Amzn-Errortype", code)
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(status)
	_, _ = w.Write(body) // Whoever asked may be gone.
}

// balancer answers for the load balancer: one rule with two target groups.
func (s *Server) balancer(w http.ResponseWriter, r *http.Request, body []byte) {
	op, given, err := s.elb.Form(r, body)
	if err != nil {
		s.t.Errorf("a request that AWS would not take: %v", err)
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.Lock()
	defer s.Unlock()
	f := s.Asked(op.Name())
	if f.Code == "" && !s.May(op.Name(), given) {
		f.Status, f.Code = http.StatusForbidden, "AccessDenied"
	}
	status, out := http.StatusOK, []byte(nil)
	switch route := s.forward(op.Name(), given); {
	case f.Code != "":
		// Such errors all services have, and no model lists.
		status = f.Status
		out = fmt.Appendf(nil, "<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>a fault of the test</Message></Error></ErrorResponse>", f.Code)
	case route == nil:
		s.t.Errorf("the load balancer is asked for %s %v", op.Name(), given)
	default:
		out, err = s.elb.XML(op, route)
	}
	if err != nil {
		s.t.Errorf("an answer that AWS would not give: %v", err)
	}
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(status)
	_, _ = w.Write(out) // Whoever asked may be gone.
}

// forward is what the rule, or the listener, says; nil for other questions.
func (s *Server) forward(operation string, given object) object {
	groups := []any{}
	for name, weight := range s.Weights {
		groups = append(groups, object{"TargetGroupArn": name, "Weight": float64(weight)})
	}
	actions := []any{object{"Type": "forward", "ForwardConfig": object{"TargetGroups": groups}}}
	if arns := list(given["RuleArns"]); operation == "DescribeRules" && len(arns) == 1 {
		return object{"Rules": []any{object{"RuleArn": arns[0], "Actions": actions}}}
	}
	if arns := list(given["ListenerArns"]); operation == "DescribeListeners" && len(arns) == 1 {
		return object{"Listeners": []any{object{"ListenerArn": arns[0], "DefaultActions": actions}}}
	}
	return nil
}
