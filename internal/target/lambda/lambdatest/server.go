// Package lambdatest is a Lambda for tests: one function as a state machine behind
// HTTP, as strict as AWS where moto is not: revisions are checked, code and versions
// take time, an alias takes one other published version with a weight from 0 to 1.
// Each request, and each answer of its own, is held to the service model.
package lambdatest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud/awstest"
)

// Server is the function, in the account 123456789012 and eu-central-1.
type Server struct {
	URL string

	t     testing.TB
	model *awstest.Model

	mu sync.Mutex
	*Function
	// Calls counts the requests of each operation; Writes lists those that changed
	// something, in order.
	Calls  map[string]int
	Writes []string
	fault  func(operation string) Fault
	after  func(operation string)
}

// Fault is what goes wrong with one request.
type Fault struct {
	// Status and Code answer the request instead of carrying it out.
	Status int
	Code   string
	// Lost carries the request out, and then breaks the connection.
	Lost bool
}

// New starts a Lambda with a function whose alias names a published version of the
// code that the digest is of.
func New(t testing.TB, alias string, first Code) *Server {
	t.Helper()
	model, err := awstest.Lambda()
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{t: t, model: model, Function: newFunction("checkout", alias, first), Calls: map[string]int{}}
	server := httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(server.Close)
	s.URL = server.URL
	return s
}

// Credentials makes the environment of the test that of somebody with credentials
// for it.
func Credentials(t testing.TB) {
	t.Helper()
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "example", "AWS_SESSION_TOKEN": "", "AWS_PROFILE": "",
		"AWS_CONFIG_FILE": "/nonexistent", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent", "AWS_EC2_METADATA_DISABLED": "true", "AWS_CA_BUNDLE": "", "AWS_ENDPOINT_URL": "", "AWS_REGION": "",
	} {
		t.Setenv(name, value)
	}
}

// Faults lets something go wrong: f is asked for each request, under the lock.
func (s *Server) Faults(f func(operation string) Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = f
}

// After calls f when a request was carried out and before it is answered. It may
// make requests itself.
func (s *Server) After(f func(operation string)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.after = f
}

// Change lets the test change the function as somebody else would.
func (s *Server) Change(f func(*Function)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(s.Function)
}

// Made lists the writes so far.
func (s *Server) Made() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.Writes...)
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	op, given, err := s.model.Request(r, body)
	if err != nil {
		s.t.Errorf("a request that AWS would not take: %v", err)
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ") || !strings.Contains(r.Header.Get("Authorization"), "/eu-central-1/lambda/") {
		s.t.Errorf("%s is not signed for Lambda in eu-central-1", op.Name())
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

// carry carries one request out.
func (s *Server) carry(op *awstest.Operation, given map[string]any) (status int, answer any, code string, lost bool, after func(string)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Calls[op.Name()]++
	var f Fault
	if s.fault != nil {
		f = s.fault(op.Name())
	}
	if f.Code != "" {
		return f.Status, message("a fault of the test"), f.Code, false, nil
	}
	before := s.revisions()
	answer, problem := s.do(op.Name(), given)
	if s.revisions() != before {
		s.Writes = append(s.Writes, op.Name())
	}
	if problem != nil {
		return problem.status, message(problem.text), problem.code, f.Lost, s.after
	}
	return op.HTTP.Status, answer, "", f.Lost, s.after
}

func message(text string) any { return map[string]any{"message": text} }

func (s *Server) reply(w http.ResponseWriter, op *awstest.Operation, status int, answer any, code string) {
	var body []byte
	if answer != nil {
		body, _ = json.Marshal(answer) // It holds maps and texts.
	}
	if err := s.model.Answer(op, status, code, body); err != nil {
		s.t.Errorf("an answer that AWS would not give: %v", err)
	}
	if code != "" {
		w.Header().Set("X-Amzn-Errortype", code)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body) // Whoever asked may be gone.
}
