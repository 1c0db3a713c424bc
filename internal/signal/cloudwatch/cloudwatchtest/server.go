// Package cloudwatchtest is a CloudWatch for tests: metrics as a store of values by
// their time, which shows them late as AWS does, and alarms, behind HTTP. It knows
// percentiles and percentile ranks, which moto does not. Each request, and each answer
// of its own, is held to the service model.
package cloudwatchtest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud/awstest"
)

// Server is a CloudWatch in eu-central-1.
type Server struct {
	URL string
	// Now is what time it is there.
	Now func() time.Time
	// Lag is how long after its time a value can be seen.
	Lag time.Duration
	// Always makes metrics that are known have a 0 in minutes in which nothing happened,
	// as some of AWS's services do.
	Always bool
	// Page is how many data points, or changes of an alarm, a page has, 0 for no bound.
	Page int

	t     testing.TB
	model *awstest.Model

	mu      sync.Mutex
	metrics map[string]*metric
	alarms  []Alarm
	// Calls counts the requests of each operation, and Queries those of GetMetricData.
	calls map[string]int
	fault func(operation string) Fault
	stuck bool
	last  map[string]any
	// status is what one query is answered with instead of Complete.
	status string
}

// Fault is what goes wrong with one request: a status with AWS's code.
type Fault struct {
	Status int
	Code   string
}

// New starts a CloudWatch with nothing in it.
func New(t testing.TB, now func() time.Time) *Server {
	t.Helper()
	model, err := awstest.CloudWatch()
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{t: t, Now: now, model: model, metrics: map[string]*metric{}, calls: map[string]int{}}
	server := httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(server.Close)
	s.URL = server.URL
	return s
}

// Faults lets something go wrong: f is asked for each request, under the lock.
func (s *Server) Faults(f func(operation string) Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = f
}

// Stuck makes it not answer at all.
func (s *Server) Stuck(stuck bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stuck = stuck
}

// Status makes the first query be answered with a status other than Complete.
func (s *Server) Status(code string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status = code
}

// Requests is how many there were, of all operations.
func (s *Server) Requests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, c := range s.calls {
		n += c
	}
	return n
}

// Called lists the operations that were asked for.
func (s *Server) Called() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for name := range s.calls {
		out = append(out, name)
	}
	return out
}

// Last is what the last request was given.
func (s *Server) Last() map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	op, given, err := s.model.CBOR(r, body)
	if err != nil {
		s.t.Errorf("a request that AWS would not take: %v", err)
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if auth := r.Header.Get("Authorization"); !strings.HasPrefix(auth, "AWS4-HMAC-SHA256 ") || !strings.Contains(auth, "/eu-central-1/monitoring/") {
		s.t.Errorf("%s is not signed for CloudWatch in eu-central-1", op.Name())
	}
	status, answer, stuck := s.carry(op, given)
	if stuck {
		<-r.Context().Done()
		return
	}
	w.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
	w.Header().Set("Content-Type", "application/cbor")
	w.WriteHeader(status)
	_, _ = w.Write(answer) // Whoever asked may be gone.
}

// carry carries one request out.
func (s *Server) carry(op *awstest.Operation, given map[string]any) (status int, answer []byte, stuck bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[op.Name()]++
	s.last = given
	if s.stuck {
		return 0, nil, true
	}
	var err error
	if s.fault != nil {
		if f := s.fault(op.Name()); f.Code != "" {
			if answer, err = s.model.CBORFault(op, f.Code); err != nil {
				s.t.Errorf("an answer that AWS would not give: %v", err)
			}
			return f.Status, answer, false
		}
	}
	var content map[string]any
	switch op.Name() {
	case "GetMetricData":
		content = s.data(given)
	case "DescribeAlarmHistory":
		content = s.history(given)
	default:
		content = s.describe(given)
	}
	if answer, err = s.model.CBORAnswer(op, content); err != nil {
		s.t.Errorf("an answer that AWS would not give: %v", err)
	}
	return http.StatusOK, answer, false
}

func has(list []any, want string) bool {
	for _, v := range list {
		if v == want {
			return true
		}
	}
	return false
}
