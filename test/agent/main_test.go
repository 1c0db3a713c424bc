// Package agent_test runs sluice agent and sluice ledger copy as the processes that they
// are run as: one is killed, one is told to stop, and credentials rotate beneath them.
package agent_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/cli"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/credential"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/all"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/s3/s3test"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	targets "github.com/sluice/terraform-provider-sluice/internal/target/all"
	"github.com/sluice/terraform-provider-sluice/internal/target/contract"
	"github.com/sluice/terraform-provider-sluice/internal/target/contract/serve"
	"github.com/sluice/terraform-provider-sluice/internal/target/sim"
)

// childEnv makes this executable the command line.
const childEnv = "SLUICE_AGENT_TEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) == "" {
		// What the machine's user has set must not lead elsewhere.
		s3test.Env(func(name, value string) { _ = os.Setenv(name, value) })
		os.Exit(m.Run())
	}
	// As main does.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := cli.Main(ctx, "dev", os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

var key = release.Key{Service: "checkout", Environment: "production"}

func payload(version string) artifact.Payload {
	return artifact.Payload{Artifact: artifact.Artifact{Version: version, Reference: "registry.example/x@sha256:" + strings.Repeat(version[len(version)-1:], 64)}}
}

// world is a runtime behind the deployment contract, which outlives the agents, and a
// ledger.
type world struct {
	t      *testing.T
	dir    string
	ledger ledger.Ledger
	// at is the ledger's URL, and env what the agents' environment has besides.
	at  string
	env []string
	sim *sim.Target
	url string
	// token is what the runtime takes now; hang holds every change back.
	token atomic.Value
	hang  chan struct{}
	// refused counts the calls with another token.
	refused atomic.Int64
}

// newWorld has its ledger in a file.
func newWorld(t *testing.T) *world {
	t.Helper()
	return newWorldOn(t, "sqlite:"+filepath.Join(t.TempDir(), "ledger.db"))
}

func newWorldOn(t *testing.T, url string) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir(), at: url, sim: sim.New(sim.Options{Clock: clock.System{}})}
	w.sim.Serve(payload("1.0.0"))
	w.token.Store("first-s3cret")
	handler := serve.Handler(w.sim, serve.Options{})
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+w.token.Load().(string) {
			w.refused.Add(1)
			rw.WriteHeader(http.StatusUnauthorized)
			return
		}
		if w.hang != nil && r.Method != http.MethodGet {
			select {
			case <-w.hang:
			case <-r.Context().Done():
				return
			}
		}
		handler.ServeHTTP(rw, r)
	}))
	t.Cleanup(server.Close)
	w.url = server.URL
	l, err := all.Open(t.Context(), w.at, all.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	w.ledger = l
	w.rotate("first-s3cret")
	return w
}

// rotate writes another token to the file that the agents read.
func (w *world) rotate(token string) {
	w.t.Helper()
	if err := os.WriteFile(filepath.Join(w.dir, "token"), []byte(token), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// begin opens a rollout and leaves it, as an apply with a short wait does.
func (w *world) begin(step time.Duration) {
	w.t.Helper()
	config, err := json.Marshal(contract.Config{URL: w.url, Token: &credential.Reference{File: filepath.Join(w.dir, "token")}})
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, leave := context.WithCancel(w.t.Context())
	defer leave()
	e := &release.Engine{Ledger: w.ledger, Clock: clock.System{}, Targets: targets.Drivers(), Actor: "apply", Holder: "apply"}
	e.Hooks.Recorded = func(r release.Recorded) {
		if r.Kind == release.KindOpened {
			leave()
		}
	}
	spec := release.Spec{
		Service: key.Service, Environment: release.Environment{Name: key.Environment}, Payload: payload("1.0.1"),
		Target: target.Config{Driver: contract.Name, Config: config},
		Strategy: strategy.Definition{
			Name:     "brisk",
			Canary:   &strategy.Canary{Steps: []strategy.CanaryStep{{Weight: 50, AtLeast: field.Duration(step)}, {Weight: 100}}},
			Analysis: strategy.Analysis{Interval: field.Duration(time.Second)},
		},
	}
	_, err = e.Ship(ctx, release.ShipRequest{Spec: spec, Owner: release.Owner{ID: "0b8a7a4e-0000-4000-8000-000000000001"}})
	var stopped *release.InterruptedError
	if !errors.As(err, &stopped) {
		w.t.Fatal(err)
	}
}

// process is an agent.
type process struct {
	cmd  *exec.Cmd
	log  *lines
	done chan struct{}
}

// lines collects a log.
type lines struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.String()
}

// agent starts one. Half of what it is told comes by the environment.
func (w *world) agent(name, lease string) *process {
	w.t.Helper()
	self, err := os.Executable()
	if err != nil {
		w.t.Fatal(err)
	}
	p := &process{log: &lines{}, done: make(chan struct{})}
	p.cmd = exec.Command(self, "agent", "--lease", lease, "--listen", "127.0.0.1:0", "--log-format", "json", "--look-every", "100ms")
	p.cmd.Env = append(os.Environ(), childEnv+"=1", "SLUICE_LEDGER="+w.at,
		"SLUICE_AGENT_NAME="+name, "SLUICE_AGENT_STOP_WITHIN=20s", "SLUICE_AGENT_ENVIRONMENT=production,staging")
	p.cmd.Env = append(p.cmd.Env, w.env...)
	p.cmd.Dir, p.cmd.Stderr, p.cmd.Stdout = w.dir, p.log, p.log
	if err := p.cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	go func() { defer close(p.done); _ = p.cmd.Wait() }() // How it ended is in its state.
	w.t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // It may have ended.
		<-p.done
		if strings.Contains(p.log.String(), "s3cret") {
			w.t.Error("a secret is in the log")
		}
		if w.t.Failed() {
			w.t.Logf("the log of %s:\n%s", name, p.log)
		}
	})
	return p
}

// tell sends a signal.
func (p *process) tell(t *testing.T, s os.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// ended waits for the end of the process and gives its state.
func (p *process) ended(t *testing.T, within time.Duration) *os.ProcessState {
	t.Helper()
	select {
	case <-p.done:
	case <-time.After(within):
		t.Fatalf("the process has not ended within %s", within)
	}
	return p.cmd.ProcessState
}

func (w *world) until(what string, ok func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !ok(); {
		if time.Now().After(deadline) {
			w.t.Fatalf("waited in vain for: %s", what)
		}
		_ = clock.System{}.Sleep(w.t.Context(), 20*time.Millisecond)
	}
}

func (w *world) rollout() *release.Rollout {
	w.t.Helper()
	records, err := w.ledger.Read(w.t.Context(), key.Stream(), 1)
	if err != nil {
		w.t.Fatal(err)
	}
	h, err := release.Fold(key, records)
	if err != nil {
		w.t.Fatal(err)
	}
	return h.Last()
}

func (w *world) lease() ledger.Lease {
	w.t.Helper()
	l, err := w.ledger.Lease(w.t.Context(), key.LeaseName())
	if err != nil {
		w.t.Fatal(err)
	}
	return l
}

// wantShipped fails unless the rollout succeeded, and each of its wishes changed the
// runtime once.
func (w *world) wantShipped() {
	w.t.Helper()
	w.until("the rollout ends", func() bool { return w.rollout().State.Final() })
	if r := w.rollout(); r.State != release.Succeeded {
		w.t.Errorf("it is %s: %s", r.State, r.Reason)
	}
	seen := map[string]bool{}
	for _, c := range w.sim.Calls() {
		what := c.Verb + c.Key[:strings.LastIndex(c.Key, "/")]
		if c.Changed && seen[what] {
			w.t.Errorf("%s was carried out twice", what)
		}
		seen[what] = seen[what] || c.Changed
	}
}
