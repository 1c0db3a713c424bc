// Package labtest runs a lab inside a test, with real child processes: they are
// the test's own executable, started again. A package that uses it needs
//
//	func TestMain(m *testing.M) { labtest.Main(m) }
package labtest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/lab"
	"github.com/sluice/terraform-provider-sluice/internal/lab/process"
	"github.com/sluice/terraform-provider-sluice/internal/lab/service"
)

const childEnv = "SLUICE_LAB_CHILD"

// Main runs the tests, or the service when this process is a child of a lab.
func Main(m *testing.M) {
	Child()
	os.Exit(m.Run())
}

// Child runs the service and ends the process when it is a child of a lab, and
// otherwise returns at once. It is for a TestMain that does more.
func Child() {
	if os.Getenv(childEnv) == "" {
		return
	}
	if err := lab.ServeArtifact(context.Background(), os.Args[1:]); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err) // There is nowhere else to say it.
		os.Exit(1)
	}
	os.Exit(0)
}

// Command starts this test's executable as a child.
func Command(t testing.TB) process.Command {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return process.Command{Path: self, Env: []string{childEnv + "=1"}}
}

// Lab is a running lab.
type Lab struct {
	lab.Addresses
	// Artifacts is the directory of its artifact files.
	Artifacts string
	t         testing.TB
	token     string
	stop      context.CancelFunc
	ended     chan error
}

// Start runs a lab on free ports until the test ends. An empty directory is made
// where the configuration names none.
func Start(t testing.TB, cfg lab.Config) *Lab {
	t.Helper()
	if cfg.Artifacts == "" {
		cfg.Artifacts = t.TempDir()
	}
	cfg.Listen, cfg.TrafficListen = orFree(cfg.Listen), orFree(cfg.TrafficListen)
	if cfg.Command.Path == "" {
		cfg.Command = Command(t)
	}
	ctx, stop := context.WithCancel(context.Background())
	l := &Lab{Artifacts: cfg.Artifacts, t: t, token: cfg.Token, stop: stop, ended: make(chan error, 1)}
	ready := make(chan lab.Addresses, 1)
	go func() { l.ended <- lab.Run(ctx, cfg, func(a lab.Addresses) { ready <- a }) }()
	select {
	case l.Addresses = <-ready:
	case err := <-l.ended:
		stop()
		t.Fatalf("starting the lab: %v", err)
	}
	t.Cleanup(l.Stop)
	return l
}

func orFree(address string) string {
	if address == "" {
		return "127.0.0.1:0"
	}
	return address
}

// Stop ends the lab and its children; twice is harmless.
func (l *Lab) Stop() {
	l.stop()
	err, ok := <-l.ended
	if ok {
		close(l.ended)
	}
	if err != nil {
		l.t.Errorf("running the lab: %v", err)
	}
}

// Artifact writes an artifact file and gives its payload.
func (l *Lab) Artifact(d service.Descriptor) artifact.Payload {
	l.t.Helper()
	return WriteArtifact(l.t, l.Artifacts, d)
}

// WriteArtifact writes an artifact file into dir and gives its payload. The
// service is "checkout" where the descriptor names none.
func WriteArtifact(t testing.TB, dir string, d service.Descriptor) artifact.Payload {
	t.Helper()
	if d.Service == "" {
		d.Service = "checkout"
	}
	body, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, d.Service+"-"+d.Version+".json")
	if err := os.WriteFile(path, body, 0o600); err != nil {
		t.Fatal(err)
	}
	found, err := service.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	return artifact.Payload{Artifact: found.Artifact()}
}

// Status asks the lab how it is.
func (l *Lab) Status() lab.Status {
	l.t.Helper()
	var s lab.Status
	l.do(http.MethodGet, "/status", nil, &s)
	return s
}

// Weight moves the canary's weight by hand.
func (l *Lab) Weight(w lab.Weight) {
	l.t.Helper()
	l.do(http.MethodPut, "/weight", w, nil)
}

// Traffic sets the rate of the lab's own traffic.
func (l *Lab) Traffic(perSecond float64) {
	l.t.Helper()
	l.do(http.MethodPut, "/traffic", lab.Rate{Rate: perSecond}, nil)
}

// Faults replaces all faults.
func (l *Lab) Faults(f lab.Faults) {
	l.t.Helper()
	l.do(http.MethodPut, "/faults", f, nil)
}

// Crash kills the process of an arm.
func (l *Lab) Crash(c lab.Crash) {
	l.t.Helper()
	l.do(http.MethodPost, "/crash", c, nil)
}

// Scrape gets the metrics as OpenMetrics text.
func (l *Lab) Scrape() string {
	l.t.Helper()
	req, err := http.NewRequest(http.MethodGet, l.Metrics, nil)
	if err != nil {
		l.t.Fatal(err)
	}
	req.Header.Set("Accept", "application/openmetrics-text; version=1.0.0")
	return string(l.send(req))
}

func (l *Lab) do(method, path string, body, into any) {
	l.t.Helper()
	content, err := json.Marshal(body)
	if err != nil {
		l.t.Fatal(err)
	}
	req, err := http.NewRequest(method, l.Admin+path, bytes.NewReader(content))
	if err != nil {
		l.t.Fatal(err)
	}
	got := l.send(req)
	if into != nil {
		if err := json.Unmarshal(got, into); err != nil {
			l.t.Fatalf("%s %s: %v in %s", method, path, err, got)
		}
	}
}

func (l *Lab) send(req *http.Request) []byte {
	l.t.Helper()
	if l.token != "" {
		req.Header.Set("Authorization", "Bearer "+l.token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		l.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }() // Read to its end.
	got, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		l.t.Fatalf("%s %s: status %d, %v: %s", req.Method, req.URL.Path, resp.StatusCode, err, got)
	}
	return got
}

// Eventually asks until cond is true, and fails the test when it is not within
// the time given.
func Eventually(t testing.TB, within time.Duration, what string, cond func() bool) {
	t.Helper()
	clk := clock.System{}
	for end := clk.Now().Add(within); clk.Now().Before(end); {
		if cond() {
			return
		}
		if err := clk.Sleep(t.Context(), 10*time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
	t.Fatalf("not within %s: %s", within, what)
}
