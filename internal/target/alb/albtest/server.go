// Package albtest is a load balancer for tests, with what stands behind it: target
// groups, listeners and rules as a state machine behind HTTP, as strict as AWS where
// moto is not. Targets take time to become healthy and to drain, weights have bounds,
// groups must be there, and a secret that is left out is an error. Each request, and
// each answer of its own, is held to the service models.
package albtest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud/awstest"
)

// Server is the load balancer, in the account 123456789012 and eu-central-1.
type Server struct {
	URL string

	t      testing.TB
	models map[string]*awstest.Model

	awstest.Watch
	awstest.Rights
	*World
}

// problem is an error of AWS.
type problem struct {
	status     int
	code, text string
}

// New starts a load balancer with two target groups, "checkout-blue" and
// "checkout-green", and a listener that forwards everything to the first.
func New(t testing.TB) *Server {
	t.Helper()
	s := &Server{Rights: awstest.Rights{Principal: "releases"}, t: t, models: map[string]*awstest.Model{}, World: newWorld()}
	for service, model := range map[string]func() (*awstest.Model, error){
		"elasticloadbalancing": awstest.ELB, "autoscaling": awstest.AutoScaling, "ecs": awstest.ECS, "application-autoscaling": awstest.Scaling,
	} {
		m, err := model()
		if err != nil {
			t.Fatal(err)
		}
		s.models[service] = m
	}
	server := httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(server.Close)
	s.URL = server.URL
	return s
}

// Change lets the test change the world as somebody else would.
func (s *Server) Change(f func(*World)) {
	s.Lock()
	defer s.Unlock()
	f(s.World)
}

// Called counts the requests so far, by operation.
func (s *Server) Called() map[string]int {
	s.Lock()
	defer s.Unlock()
	out := map[string]int{}
	for name, n := range s.Calls {
		out[name] = n
	}
	return out
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	if awstest.Asks(r) {
		s.Answer(s.t, &s.Watch, w, r, body)
		return
	}
	service := signedFor(r.Header.Get("Authorization"))
	model := s.models[service]
	if model == nil {
		s.t.Errorf("a request that is signed for no service in eu-central-1: %q", r.Header.Get("Authorization"))
		http.Error(w, "no service", http.StatusBadRequest)
		return
	}
	read := model.Form
	if r.Header.Get("X-Amz-Target") != "" {
		read = model.RPC
	}
	op, given, err := read(r, body)
	if err != nil {
		s.t.Errorf("a request that AWS would not take: %v", err)
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	answer, p, lost, after := s.carry(op.Name(), given)
	if after != nil {
		after(op.Name())
	}
	if lost {
		panic(http.ErrAbortHandler)
	}
	s.reply(w, r, model, op, answer, p)
}

// signedFor reads the service out of a signature: ".../eu-central-1/ecs/aws4_request".
func signedFor(authorization string) string {
	_, scope, ok := strings.Cut(authorization, "/eu-central-1/")
	if !ok || !strings.HasPrefix(authorization, "AWS4-HMAC-SHA256 ") {
		return ""
	}
	service, _, _ := strings.Cut(scope, "/")
	return service
}

// carry carries one request out.
func (s *Server) carry(operation string, given map[string]any) (answer any, p *problem, lost bool, after func(string)) {
	s.Lock()
	defer s.Unlock()
	f := s.Asked(operation)
	if f.Code != "" {
		return nil, &problem{f.Status, f.Code, "a fault of the test"}, false, nil
	}
	if !s.May(operation, given) {
		if u := s.Uses(operation, given); strings.HasPrefix(u[0].Action, "ecs:") || strings.HasPrefix(u[0].Action, "application-") {
			return nil, &problem{400, "AccessDeniedException", "no identity-based policy allows it"}, false, nil
		}
		return nil, &problem{403, "AccessDenied", "no identity-based policy allows it"}, false, nil
	}
	before := s.serial
	answer, p = s.do(operation, given)
	if s.serial != before {
		s.Wrote(operation)
	}
	return answer, p, f.Lost, s.Then()
}

func (s *Server) reply(w http.ResponseWriter, r *http.Request, model *awstest.Model, op *awstest.Operation, answer any, p *problem) {
	raw, err := json.Marshal(answer)
	if err != nil {
		s.t.Error(err)
	}
	status, body := http.StatusOK, raw
	switch form := r.Header.Get("X-Amz-Target") == ""; {
	case p != nil && form:
		status = p.status
		body, err = model.Failure(op, p.status, p.code, p.text)
	case p != nil:
		status = p.status
		err = model.Answer(op, p.status, p.code, nil)
		w.Header().Set("X-Amzn-Errortype", p.code)
		body, _ = json.Marshal(map[string]any{"__type": p.code, "message": p.text})
	case form:
		content := map[string]any{}
		if err = json.Unmarshal(raw, &content); err == nil {
			body, err = model.XML(op, content)
		}
	default:
		err = model.Answer(op, status, "", raw)
	}
	if err != nil {
		s.t.Errorf("an answer that AWS would not give: %v", err)
	}
	w.WriteHeader(status)
	_, _ = w.Write(body) // Whoever asked may be gone.
}
