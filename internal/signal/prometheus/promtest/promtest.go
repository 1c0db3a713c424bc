// Package promtest runs a real Prometheus inside a test, on a free port, with a
// short scrape interval.
package promtest

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
)

const (
	// patience is how long it may take to start.
	patience = 30 * time.Second
	// attempts is how often another free port is tried, since somebody else may
	// take it first.
	attempts = 3
)

// Target is something to scrape.
type Target struct {
	// Job is the label job of its series.
	Job string
	// Addresses are of its instances, host:port each; /metrics is scraped.
	Addresses []string
}

// Job makes a target of the servers at the URLs.
func Job(name string, urls ...string) Target {
	t := Target{Job: name}
	for _, u := range urls {
		t.Addresses = append(t.Addresses, strings.TrimSuffix(strings.TrimPrefix(u, "http://"), "/"))
	}
	return t
}

// Server is a running Prometheus.
type Server struct {
	// URL is its base, without a slash at the end.
	URL string
	log *bytes.Buffer
}

// Start runs a Prometheus until the test ends. A missing one fails the test.
func Start(t testing.TB, interval time.Duration, targets ...Target) *Server {
	t.Helper()
	return startOn(t, filepath.Join(t.TempDir(), "data"), interval, targets)
}

// StartWithPast is Start with what was scraped before, as OpenMetrics with the time
// of each sample. The past may be of any year.
func StartWithPast(t testing.TB, past string, interval time.Duration, targets ...Target) *Server {
	t.Helper()
	path, err := exec.LookPath("promtool")
	if err != nil {
		t.Fatalf("this test needs promtool on the PATH, which comes with Prometheus: run make packages, which installs that of the system (%v)", err)
	}
	dir := t.TempDir()
	file, data := filepath.Join(dir, "past.txt"), filepath.Join(dir, "data")
	if err := os.WriteFile(file, []byte(past), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), path, "tsdb", "create-blocks-from", "openmetrics", "--quiet", file, data).CombinedOutput(); err != nil {
		t.Fatalf("promtool: %v\n%s", err, out)
	}
	return startOn(t, data, interval, targets)
}

func startOn(t testing.TB, data string, interval time.Duration, targets []Target) *Server {
	t.Helper()
	path, err := exec.LookPath("prometheus")
	if err != nil {
		t.Fatalf("this test needs a real Prometheus on the PATH: run make packages, which installs that of the system (%v)", err)
	}
	for range attempts {
		if s := start(t, path, data, interval, targets); s != nil {
			return s
		}
	}
	t.Fatal("Prometheus did not start; its log is above")
	return nil
}

// start returns nil, and logs why, when it did not come up.
func start(t testing.TB, path, data string, interval time.Duration, targets []Target) *Server {
	t.Helper()
	dir := t.TempDir()
	config := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(config, []byte(configuration(interval, targets)), 0o600); err != nil {
		t.Fatal(err)
	}
	address := freeAddress(t)
	ctx, stop := context.WithCancel(context.Background())
	s := &Server{URL: "http://" + address, log: &bytes.Buffer{}}
	cmd := exec.CommandContext(ctx, path, "--config.file="+config, "--storage.tsdb.path="+data, "--storage.tsdb.retention.time=100y",
		"--web.listen-address="+address, "--log.level=warn")
	cmd.Stdout, cmd.Stderr = s.log, s.log
	if err := cmd.Start(); err != nil {
		stop()
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // It is killed in the end; what it says of that is no news.
		close(ended)
	}()
	t.Cleanup(func() {
		stop()
		<-ended
	})
	if s.ready(ended) {
		return s
	}
	stop()
	<-ended
	t.Logf("Prometheus at %s did not become ready:\n%s", address, s.log)
	return nil
}

// ready waits until it answers, or has ended.
func (s *Server) ready(ended <-chan struct{}) bool {
	clk := clock.System{}
	for end := clk.Now().Add(patience); clk.Now().Before(end); {
		select {
		case <-ended:
			return false
		default:
		}
		if resp, err := http.Get(s.URL + "/-/ready"); err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return true
			}
		}
		if clk.Sleep(context.Background(), 20*time.Millisecond) != nil {
			return false
		}
	}
	return false
}

func configuration(interval time.Duration, targets []Target) string {
	var b strings.Builder
	every := fmt.Sprintf("%dms", interval.Milliseconds())
	fmt.Fprintf(&b, "global: {scrape_interval: %s, scrape_timeout: %s}\nscrape_configs:\n", every, every)
	for _, t := range targets {
		fmt.Fprintf(&b, "- {job_name: %q, static_configs: [{targets: [\"%s\"]}]}\n", t.Job, strings.Join(t.Addresses, `", "`))
	}
	return b.String()
}

func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }() // The address is all that was wanted.
	return l.Addr().String()
}
