package haproxytest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
)

// Runs is what a server runs.
type Runs struct {
	Version       string `json:"version"`
	Digest        string `json:"digest"`
	Configuration string `json:"configuration,omitempty"`
}

// Server is a small HTTP server that tells what it runs:
//
//   - GET /version answers with Runs, and with the headers X-Artifact-Digest and
//     X-Configuration-Digest;
//   - PUT /install with Runs changes it;
//   - GET /healthz is what HAProxy asks;
//   - anything else is answered with the status in ?status=, else 200, or not at
//     all with ?break.
type Server struct {
	web *httptest.Server

	mu       sync.Mutex
	runs     Runs
	sick     bool
	broken   bool
	served   int
	installs int
	hold     chan struct{}
}

func newServer(t testing.TB) *Server {
	t.Helper()
	s := &Server{}
	s.web = httptest.NewServer(s)
	t.Cleanup(s.web.Close)
	return s
}

// Address is where the server listens.
func (s *Server) Address() string { return s.web.Listener.Addr().String() }

// Install makes the server run a payload.
func (s *Server) Install(p artifact.Payload) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.runs = Runs{Version: p.Version, Digest: p.Digest(), Configuration: p.ConfigurationDigest}
	s.installs++
}

// Sicken makes the server fail its health checks and all else, or heals it.
func (s *Server) Sicken(sick bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sick = sick
}

// Break makes the server answer users with errors while it passes its health
// checks, or mends it.
func (s *Server) Break(broken bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = broken
}

// Hold makes the server keep requests to /held until it is called with false,
// which must come before the test ends.
func (s *Server) Hold(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if on {
		s.hold = make(chan struct{})
		return
	}
	if s.hold != nil {
		close(s.hold)
		s.hold = nil
	}
}

// Served is how many requests of users came, and Installs how many installations.
func (s *Server) Served() int { return s.count(&s.served) }

// Installs is how often something was installed.
func (s *Server) Installs() int { return s.count(&s.installs) }

func (s *Server) count(n *int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return *n
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	runs, sick, broken, hold := s.runs, s.sick, s.broken, s.hold
	switch {
	case r.URL.Path == "/install":
		defer s.mu.Unlock()
		if err := json.NewDecoder(r.Body).Decode(&s.runs); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
		}
		s.installs++
		return
	case r.URL.Path != "/version" && r.URL.Path != "/healthz":
		s.served++
	}
	s.mu.Unlock()
	if sick {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("X-Artifact-Digest", runs.Digest)
	w.Header().Set("X-Configuration-Digest", runs.Configuration)
	switch {
	case r.URL.Path == "/version":
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(runs) // Whoever asked may be gone.
	case broken && r.URL.Path != "/healthz":
		w.WriteHeader(http.StatusInternalServerError)
	case r.URL.Path == "/held" && hold != nil:
		select {
		case <-hold:
		case <-r.Context().Done():
		}
	case strings.Contains(r.URL.RawQuery, "break"):
		panic(http.ErrAbortHandler)
	default:
		if status, err := strconv.Atoi(r.URL.Query().Get("status")); err == nil {
			w.WriteHeader(status)
		}
	}
}
