package agent_test

import (
	"context"
	"errors"
	"io"
	"net/http/httptest"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/sluice/terraform-provider-sluice/internal/agent"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/mem"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// scrape gets one of an agent's pages.
func scrape(t *testing.T, a *runner, path string) string {
	t.Helper()
	w := httptest.NewRecorder()
	a.Handler().ServeHTTP(w, httptest.NewRequest("GET", path, nil))
	return w.Body.String()
}

func status(a *runner, path string) int {
	w := httptest.NewRecorder()
	a.Handler().ServeHTTP(w, httptest.NewRequest("GET", path, nil))
	return w.Code
}

func contains(page, line string) bool { return strings.Contains("\n"+page, "\n"+line+"\n") }

// movable is a ledger that can be sealed.
type movable struct {
	*mem.Ledger
	by atomic.Pointer[ledger.Sealing]
}

func (m *movable) Sealing(context.Context) (*ledger.Sealing, error) { return m.by.Load(), nil }

func (m *movable) Append(ctx context.Context, stream string, after uint64, e ledger.Entry) (ledger.Record, error) {
	if by := m.by.Load(); by != nil {
		return ledger.Record{}, &ledger.SealedError{Sealing: *by}
	}
	return m.Ledger.Append(ctx, stream, after, e)
}

// An agent whose ledger has moved drives nothing forward, and does not say that it can
// be counted on.
func TestAnAgentWhoseLedgerHasMovedIsNotReady(t *testing.T) {
	t.Parallel()
	l := &movable{Ledger: mem.New(time.Now())}
	w := newWorld(t, l)
	w.bake = time.Minute
	w.begin(keyOf(0), good)
	a := w.run("a", nil)
	w.until("it drives and is ready", func() bool { return w.history(keyOf(0)).Open().State == release.Baking && status(a, "/readyz") == 200 })
	l.by.Store(&ledger.Sealing{To: "s3://acme/new", By: "kim@acme", Done: true})
	w.until("it is not ready", func() bool { return status(a, "/readyz") == 503 })
	if page := scrape(t, a, "/readyz"); !strings.Contains(page, "the ledger has moved") || !strings.Contains(a.log.String(), "s3://acme/new") {
		t.Errorf("it says %q", page)
	}
}

// One that has nothing to do hears of it with its next look.
func TestAnIdleAgentWhoseLedgerHasMovedIsNotReady(t *testing.T) {
	t.Parallel()
	l := &movable{Ledger: mem.New(time.Now())}
	w := newWorld(t, l)
	a := w.run("a", nil)
	w.until("it is ready", func() bool { return status(a, "/readyz") == 200 })
	sealed := time.Now()
	l.by.Store(&ledger.Sealing{To: "s3://acme/new", By: "kim@acme", Done: true})
	w.until("it is not ready", func() bool { return status(a, "/readyz") == 503 })
	if took := time.Since(sealed); took > 10*time.Second {
		t.Errorf("it was ready for another %s", took)
	}
}

func TestHealthAndReadiness(t *testing.T) {
	t.Parallel()
	l := mem.New(time.Now())
	var away atomic.Bool
	handle := l.Handle()
	handle.Fault = func(string, mem.Phase) error {
		if away.Load() {
			return errors.New("connection refused by 10.1.2.3, user s3cret")
		}
		return nil
	}
	away.Store(true)
	w := newWorld(t, l)
	a := w.run("a", func(o *agent.Options) { o.Ledger = handle })
	w.until("the ledger is missed", func() bool { return status(a, "/readyz") == 503 })
	if status(a, "/healthz") != 200 || strings.Contains(scrape(t, a, "/readyz"), "s3cret") {
		t.Errorf("an agent without its ledger is to be started again, or says too much: %s", scrape(t, a, "/readyz"))
	}
	away.Store(false)
	w.until("it is ready", func() bool { return status(a, "/readyz") == 200 })
	if !contains(scrape(t, a, "/metrics"), "sluice_agent_present 1") {
		t.Error("the metrics do not say that the agent is present")
	}
	away.Store(true)
	w.until("the ledger is missed again", func() bool { return status(a, "/readyz") == 503 })
	away.Store(false)
	a.stop()
	<-a.done
	if got := scrape(t, a, "/readyz"); !strings.Contains(got, "stops") {
		t.Errorf("an agent that stops is %q", got)
	}
}

// The page is read by a parser of Prometheus's own, in both forms, and by promtool.
func TestMetricsAreReadByOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, mem.New(time.Now()))
	w.begin(keyOf(0), good)
	a := w.run("a", nil)
	w.until("it ends", w.ended(keyOf(0), 1))
	w.until("it is counted", func() bool {
		return contains(scrape(t, a, "/metrics"), `sluice_agent_rollouts_ended_total{state="succeeded"} 1`)
	})
	page := scrape(t, a, "/metrics")
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	lag := families["sluice_agent_tick_lag_seconds"]
	if lag == nil || lag.Metric[0].GetHistogram().GetSampleCount() == 0 {
		t.Error("no tick was timed")
	}
	for _, name := range []string{"sluice_agent_ledger_call_seconds", "sluice_agent_rollouts", "sluice_agent_last_look_timestamp_seconds", "process_resident_memory_bytes"} {
		if families[name] == nil {
			t.Errorf("%s is missing", name)
		}
	}
	if strings.Contains(page, "service-00") {
		t.Error("a release's name is in the metrics")
	}
	open := httptest.NewRequest("GET", "/metrics", nil)
	open.Header.Set("Accept", "application/openmetrics-text; version=1.0.0")
	answer := httptest.NewRecorder()
	a.Handler().ServeHTTP(answer, open)
	if !strings.HasPrefix(answer.Header().Get("Content-Type"), "application/openmetrics-text") || !strings.HasSuffix(answer.Body.String(), "# EOF\n") {
		t.Errorf("OpenMetrics is %s", answer.Header().Get("Content-Type"))
	}
	promtool(t, strings.NewReader(page), "check", "metrics")
}

// promtool runs it and fails with what it says.
func promtool(t *testing.T, in io.Reader, args ...string) {
	t.Helper()
	path, err := exec.LookPath("promtool")
	if err != nil {
		t.Fatalf("promtool is missing; install Debian's package prometheus: %v", err)
	}
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Stdin = in
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// later is a clock that can be put forward.
type later struct {
	clock.System
	by atomic.Int64
}

func (c *later) Now() time.Time { return c.System.Now().Add(time.Duration(c.by.Load())) }

// A loop that does not come round any more, here since its ledger keeps a call for ever,
// is for whoever can start the process again; what only looks away is not.
func TestAStuckAgentIsNotAlive(t *testing.T) {
	t.Parallel()
	l := mem.New(time.Now())
	handle, stuck, free := l.Handle(), atomic.Bool{}, make(chan struct{})
	handle.Fault = func(string, mem.Phase) error {
		if stuck.Load() {
			<-free
		}
		return nil
	}
	w := newWorld(t, l)
	c := &later{}
	a := w.run("a", func(o *agent.Options) { o.Ledger, o.Clock = handle, c })
	unstick := sync.OnceFunc(func() { stuck.Store(false); close(free) })
	t.Cleanup(unstick) // Or nobody could end the agent.
	w.until("it is ready", func() bool { return status(a, "/readyz") == 200 })
	stuck.Store(true)
	if code := status(a, "/healthz"); code != 200 {
		t.Errorf("it has just come round, and is %d", code)
	}
	w.until("nobody comes round", func() bool { c.by.Add(int64(time.Minute)); return status(a, "/healthz") == 503 })
	if page := scrape(t, a, "/healthz"); !strings.Contains(page, "the loop has not come round for") {
		t.Errorf("it says %q", page)
	}
	unstick()
	w.until("it comes round again", func() bool { return status(a, "/healthz") == 200 })
}
