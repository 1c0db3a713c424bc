// Package haproxytest runs a real HAProxy inside a test, with small HTTP servers
// behind it.
package haproxytest

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/haproxy"
	"github.com/sluice/terraform-provider-sluice/internal/lab/labtest"
)

// patience bounds every wait of a test. What comes costs nothing of it, and a busy
// machine has taken half a minute to bring HAProxy up again.
const patience = 5 * time.Minute

// Options says what to run.
type Options struct {
	// Backends is how many there are, each with a frontend of its own; 1 when 0.
	Backends int
	// Servers is how many servers an arm has in each backend; 2 when 0.
	Servers int
	// Defaults is added to the section of that name, Backend to each backend and
	// Server to each server's line.
	Defaults, Backend, Server string
	// Cohorts lets each backend look its requests up in CohortMap.
	Cohorts bool
	// Mode is "http" when empty.
	Mode string
	// Serving is the arm that serves at first, blue or green, or empty for none.
	Serving haproxy.Group
}

// HAProxy is a running HAProxy.
type HAProxy struct {
	// Admin, Operator and User are stats sockets of these levels.
	Admin, Operator, User string
	// URLs are the addresses of the frontends.
	URLs []string
	// Servers are those behind it, by the names "blue-1", "green-2".
	Servers map[string]*Server
	// Layout is what a target or a signal takes; its socket is Admin.
	Layout haproxy.Layout

	t         testing.TB
	dir, path string
	mu        sync.Mutex
	cmd       *exec.Cmd
	log       *bytes.Buffer
	ended     chan struct{}
}

// Binary finds haproxy, which make installs.
func Binary(t testing.TB) string {
	t.Helper()
	for _, name := range []string{"haproxy", "/usr/sbin/haproxy", "/usr/local/sbin/haproxy"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("this test needs HAProxy 2.4 or newer: run make packages, or apt-get install haproxy")
	return ""
}

// Start runs HAProxy until the test ends.
func Start(t testing.TB, o Options) *HAProxy {
	t.Helper()
	o.Backends, o.Servers = max(o.Backends, 1), max(o.Servers, 0)
	if o.Servers == 0 {
		o.Servers = 2
	}
	if o.Mode == "" {
		o.Mode = "http"
	}
	// Paths of Unix sockets are short, and the names of tests are not.
	dir, err := os.MkdirTemp("", "hap") //nolint:usetesting // The one of the test has too long a name.
	if err != nil {
		t.Fatal(err)
	}
	h := &HAProxy{t: t, dir: dir, path: filepath.Join(dir, "haproxy.cfg"), Servers: map[string]*Server{}}
	h.Admin, h.Operator, h.User = h.socket("a"), h.socket("o"), h.socket("u")
	h.Layout = haproxy.Layout{Socket: h.Admin, Memory: "memory/baseline", Arms: &haproxy.Arms{Blue: []string{"blue-*"}, Green: []string{"green-*"}}}
	h.configure(o)
	t.Cleanup(func() {
		h.Stop()
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	h.Run()
	return h
}

func (h *HAProxy) socket(name string) string { return "unix://" + filepath.Join(h.dir, name) }

// configure writes haproxy.cfg and starts the servers.
func (h *HAProxy) configure(o Options) {
	h.t.Helper()
	var b strings.Builder
	file := func(socket string) string { return strings.TrimPrefix(socket, "unix://") }
	fmt.Fprintf(&b, "global\n  stats socket %s mode 600 level admin expose-fd listeners\n  stats socket %s level operator\n  stats socket %s level user\n",
		file(h.Admin), file(h.Operator), file(h.User))
	fmt.Fprintf(&b, "  server-state-file %s\n  hard-stop-after 1s\n", h.StateFile())
	fmt.Fprintf(&b, "defaults\n  mode %s\n  timeout connect 500ms\n  timeout client 20s\n  timeout server 1s\n  timeout check 2s\n  retries 0\n  load-server-state-from-file global\n%s\n", o.Mode, o.Defaults)
	for i := range o.Backends {
		name := fmt.Sprintf("checkout%d", i)
		address := Free(h.t)
		h.URLs = append(h.URLs, "http://"+address)
		h.Layout.Backends = append(h.Layout.Backends, name)
		fmt.Fprintf(&b, "frontend front%d\n  bind %s\n  default_backend %s\nbackend %s\n  balance roundrobin\n%s\n", i, address, name, name, o.Backend)
		if o.Mode == "http" {
			b.WriteString("  option httpchk GET /healthz\n")
		}
		if o.Cohorts {
			h.cohorts(&b, o.Servers)
		}
		for _, g := range []haproxy.Group{haproxy.Blue, haproxy.Green} {
			for n := 1; n <= o.Servers; n++ {
				h.server(&b, o, g, fmt.Sprintf("%s-%d", g, n))
			}
		}
	}
	remember := map[haproxy.Group]int{haproxy.Blue: 1, haproxy.Green: 2}[o.Serving]
	fmt.Fprintf(&b, "backend memory\n  server baseline 127.0.0.1:9 disabled weight %d\n", remember)
	if err := os.WriteFile(h.path, []byte(b.String()), 0o600); err != nil {
		h.t.Fatal(err)
	}
}

// cohorts writes the lines that send a cohort to the servers of an arm, to any of
// them and, while that one is down, to the first that is not.
func (h *HAProxy) cohorts(b *strings.Builder, servers int) {
	h.t.Helper()
	if err := os.WriteFile(h.CohortMap(), nil, 0o600); err != nil {
		h.t.Fatal(err)
	}
	fmt.Fprintf(b, "  http-request set-var(txn.sluice) req.hdrs,map_reg(%s)\n", h.CohortMap())
	for _, g := range []haproxy.Group{haproxy.Blue, haproxy.Green} {
		fmt.Fprintf(b, "  use-server %s-%%[rand(%d),add(1)] if { var(txn.sluice) -m str %s }\n", g, servers, g)
		for n := 1; n <= servers; n++ {
			fmt.Fprintf(b, "  use-server %s-%d if { var(txn.sluice) -m str %s }\n", g, n, g)
		}
	}
}

// CohortMap is the name and the file of the map for cohorts.
func (h *HAProxy) CohortMap() string { return filepath.Join(h.dir, "cohorts.map") }

// server writes a server's line. The same server stands in each backend.
func (h *HAProxy) server(b *strings.Builder, o Options, g haproxy.Group, name string) {
	s := h.Servers[name]
	if s == nil {
		s = newServer(h.t)
		h.Servers[name] = s
	}
	state := ""
	if g != o.Serving {
		state = "disabled"
	}
	if o.Mode == "http" {
		fmt.Fprintf(b, "  use-server %s if { hdr(X-Server) %s }\n", name, name)
	}
	fmt.Fprintf(b, "  server %s %s check inter 50ms fastinter 20ms downinter 20ms rise 1 fall 1 weight 100 %s %s\n", name, s.Address(), state, o.Server)
}

// StateFile is the server-state file that HAProxy reads when it starts.
func (h *HAProxy) StateFile() string { return filepath.Join(h.dir, "state") }

// Edit changes haproxy.cfg; HAProxy takes it up when it is run anew.
func (h *HAProxy) Edit(old, with string) {
	h.t.Helper()
	text, err := os.ReadFile(h.path)
	if err == nil && !strings.Contains(string(text), old) {
		err = fmt.Errorf("haproxy.cfg has no %q", old)
	}
	if err == nil {
		err = os.WriteFile(h.path, []byte(strings.ReplaceAll(string(text), old, with)), 0o600)
	}
	if err != nil {
		h.t.Fatal(err)
	}
}

// Reload starts a HAProxy that takes over from the running one, as a reload does,
// and returns when it is alone.
func (h *HAProxy) Reload() {
	h.t.Helper()
	h.mu.Lock()
	old, ended := h.cmd.Process.Pid, h.ended
	h.mu.Unlock()
	h.run("-x", strings.TrimPrefix(h.Admin, "unix://"), "-sf", strconv.Itoa(old))
	Eventually(h.t, "the old HAProxy has ended", func() bool {
		select {
		case <-ended:
			return true
		default:
			return false
		}
	})
}

// Run starts HAProxy, and returns when it answers.
func (h *HAProxy) Run() {
	h.t.Helper()
	h.run()
}

func (h *HAProxy) run(more ...string) {
	h.t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.log = &bytes.Buffer{}
	cmd := exec.Command(Binary(h.t), append([]string{"-db", "-f", h.path}, more...)...)
	cmd.Stdout, cmd.Stderr = h.log, h.log
	if err := cmd.Start(); err != nil {
		h.t.Fatalf("starting HAProxy: %v", err)
	}
	h.cmd, h.ended = cmd, make(chan struct{})
	go func(ended chan struct{}) {
		defer close(ended)
		_ = cmd.Wait() // It is killed.
	}(h.ended)
	client := haproxy.NewClient(h.Admin, time.Second)
	Eventually(h.t, "HAProxy answers", func() bool {
		select {
		case <-h.ended:
			h.t.Fatalf("HAProxy ended: %s", h.log)
		default:
		}
		_, err := client.Do(context.Background(), "show info")
		return err == nil
	})
}

// Stop ends HAProxy as a crash does; twice is harmless. Its socket is left behind.
func (h *HAProxy) Stop() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.cmd == nil {
		return
	}
	_ = h.cmd.Process.Kill() // It may have ended by itself.
	<-h.ended
	h.cmd = nil
}

// Command gives HAProxy commands as a person does, and its answer.
func (h *HAProxy) Command(commands ...string) string {
	h.t.Helper()
	answer, err := haproxy.NewClient(h.Admin, patience).Do(context.Background(), commands...)
	if err != nil {
		h.t.Fatalf("%v: %v", commands, err)
	}
	return answer
}

// SaveState writes the server-state file, as a reload does first.
func (h *HAProxy) SaveState() {
	h.t.Helper()
	if err := os.WriteFile(h.StateFile(), []byte(h.Command("show servers state")), 0o600); err != nil {
		h.t.Fatal(err)
	}
}

// Eventually waits until something is so.
func Eventually(t testing.TB, what string, so func() bool) {
	t.Helper()
	labtest.Eventually(t, patience, what, so)
}

// ports counts the ports that this process has handed out.
var ports atomic.Uint32

// Free gives a free address on this machine. It is below the ports that systems
// hand out to whoever asks for any, or another process could have it before
// HAProxy binds it; and each process begins elsewhere.
func Free(t testing.TB) string {
	t.Helper()
	const first, count = 20_000, 12_000
	start := uint32(os.Getpid()) * 101 //nolint:gosec // Any number will do.
	for range count {
		address := fmt.Sprintf("127.0.0.1:%d", first+(start+ports.Add(1))%count)
		if l, err := net.Listen("tcp", address); err == nil {
			_ = l.Close()
			return address
		}
	}
	t.Fatal("no port is free")
	return ""
}
