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
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud/awstest"
)

// Server is the function, in the account 123456789012 and eu-central-1.
type Server struct {
	URL string

	t     testing.TB
	model *awstest.Model

	awstest.Watch
	*Function
}

// New starts a Lambda with a function whose alias names a published version of the
// code that the digest is of.
func New(t testing.TB, alias string, first Code) *Server {
	t.Helper()
	model, err := awstest.Lambda()
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{t: t, model: model, Function: newFunction("checkout", alias, first)}
	server := httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(server.Close)
	s.URL = server.URL
	return s
}

// Change lets the test change the function as somebody else would.
func (s *Server) Change(f func(*Function)) {
	s.Lock()
	defer s.Unlock()
	f(s.Function)
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
	s.Lock()
	defer s.Unlock()
	f := s.Asked(op.Name())
	if f.Code != "" {
		return f.Status, message("a fault of the test"), f.Code, false, nil
	}
	if !s.May(op.Name(), given) {
		return 403, message("User: arn:aws:sts::123456789012:assumed-role/releases/ci is not authorized to perform: lambda:" + op.Name()), "AccessDeniedException", false, nil
	}
	before := s.revisions()
	answer, problem := s.do(op.Name(), given)
	if s.revisions() != before {
		s.Wrote(op.Name())
	}
	if problem != nil {
		return problem.status, message(problem.text), problem.code, f.Lost, s.Then()
	}
	return op.HTTP.Status, answer, "", f.Lost, s.Then()
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

// Uses is what IAM asks of each request, by AWS's service authorization reference: the
// function, or the version or alias that is named, and nothing for the list of event
// sources.
func Uses(operation string, given map[string]any) []awstest.Use {
	arn := "arn:aws:lambda:eu-central-1:123456789012:function:checkout"
	switch qualifier, _ := given["Qualifier"].(string); {
	case operation == "ListEventSourceMappings":
		arn = "*"
	case qualifier != "":
		arn += ":" + qualifier
	}
	return []awstest.Use{{Action: "lambda:" + operation, Resource: arn}}
}
