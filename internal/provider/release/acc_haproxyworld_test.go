//go:build !windows

// HAProxy does not run on Windows.

package release_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/haproxy"
	"github.com/sluice/terraform-provider-sluice/internal/haproxy/haproxytest"
	"github.com/sluice/terraform-provider-sluice/internal/provider/acctest"
	"github.com/sluice/terraform-provider-sluice/internal/provider/client"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// balancer is examples/haproxy: a HAProxy with two frontends, and what its
// install.sh starts.
type balancer struct {
	*acctest.Terraform
	t       *testing.T
	ledger  string
	env     []string
	doors   []string
	haproxy *exec.Cmd
	ended   chan struct{}
	// leave ends the users' requests.
	leave context.CancelFunc
	// engine reads and writes the ledger beside the applies, once record was called.
	engine *release.Engine
}

// newBalancer copies the example and starts HAProxy as its README says.
func newBalancer(t *testing.T) *balancer {
	t.Helper()
	t.Parallel()
	b := &balancer{t: t, ledger: filepath.Join(t.TempDir(), "ledger.db")}
	b.Terraform = acctest.NewApart(t, "PATH="+b.pretendSluice()+string(os.PathListSeparator)+os.Getenv("PATH"), "SLUICE_LEDGER=sqlite:"+b.ledger, "SLUICE_ACTOR=tester@acme")
	if err := os.Remove(filepath.Join(b.Dir, "versions.tf")); err != nil {
		t.Fatal(err)
	}
	b.copyExample("../../../examples/haproxy")
	b.env = os.Environ()
	for _, name := range []string{"SHOP", "PARTNERS", "BLUE_1", "BLUE_2", "GREEN_1", "GREEN_2"} {
		address := haproxytest.Free(t)
		b.env = append(b.env, name+"="+address)
		if name == "SHOP" || name == "PARTNERS" {
			b.doors = append(b.doors, "http://"+address)
		}
	}
	t.Cleanup(b.stop)
	b.start()
	b.users()
	return b
}

// copyExample copies what the example consists of, and nothing that somebody left
// there by trying it.
func (b *balancer) copyExample(from string) {
	b.t.Helper()
	for _, dir := range []string{"artifacts", "run"} {
		if err := os.Mkdir(filepath.Join(b.Dir, dir), 0o700); err != nil {
			b.t.Fatal(err)
		}
	}
	for _, pattern := range []string{"*.tf", "*.sh", "haproxy.cfg", "artifacts/*.json"} {
		files, err := filepath.Glob(filepath.Join(from, pattern))
		if err != nil || len(files) == 0 {
			b.t.Fatalf("%s: %d files, %v", pattern, len(files), err)
		}
		for _, file := range files {
			content, err := os.ReadFile(file)
			if err == nil {
				err = os.WriteFile(filepath.Join(b.Dir, filepath.Dir(pattern), filepath.Base(file)), content, 0o700) //nolint:gosec // Some are programs.
			}
			if err != nil {
				b.t.Fatal(err)
			}
		}
	}
}

// pretendSluice makes a folder for the PATH where this executable is the command
// sluice lab serve.
func (b *balancer) pretendSluice() string {
	self, err := os.Executable()
	if err != nil {
		b.t.Fatal(err)
	}
	bin := b.t.TempDir()
	script := fmt.Sprintf("#!/bin/sh\n[ \"$1 $2\" = \"lab serve\" ] || exit 2\nshift 2\nSLUICE_LAB_CHILD=1 exec %s \"$@\"\n", self)
	if err := os.WriteFile(filepath.Join(bin, "sluice"), []byte(script), 0o700); err != nil { //nolint:gosec // A program must be executable.
		b.t.Fatal(err)
	}
	return bin
}

func (b *balancer) start() {
	b.t.Helper()
	// As the README's touch.
	if f, err := os.OpenFile(filepath.Join(b.Dir, "run", "cohorts.map"), os.O_CREATE, 0o600); err != nil {
		b.t.Fatal(err)
	} else if err := f.Close(); err != nil {
		b.t.Fatal(err)
	}
	cmd := exec.Command(haproxytest.Binary(b.t), "-W", "-f", "haproxy.cfg", "-p", "run/haproxy.pid")
	log := &bytes.Buffer{}
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = b.Dir, b.env, log, log
	// A group of its own, so that a crash takes the workers too.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		b.t.Fatal(err)
	}
	b.haproxy, b.ended = cmd, make(chan struct{})
	go func() {
		defer close(b.ended)
		_ = cmd.Wait() // It is killed.
	}()
	acctest.Eventually(b.t, "HAProxy answers", func() bool {
		_, err := b.client().Do(context.Background(), "show info")
		return err == nil
	})
}

// crash kills HAProxy, master and workers.
func (b *balancer) crash() {
	_ = syscall.Kill(-b.haproxy.Process.Pid, syscall.SIGKILL) // It may be gone.
	<-b.ended
}

// stop ends HAProxy and what install.sh has started.
func (b *balancer) stop() {
	b.crash()
	files, err := filepath.Glob(filepath.Join(b.Dir, "run", "*.pid"))
	if err != nil {
		b.t.Error(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			b.t.Error(err)
			continue
		}
		if pid, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil && filepath.Base(file) != "haproxy.pid" {
			_ = syscall.Kill(pid, syscall.SIGKILL) // It may have been replaced.
		}
	}
}

func (b *balancer) client() *haproxy.Client {
	return haproxy.NewClient("unix://"+filepath.Join(b.Dir, "run", "admin.sock"), 5*time.Second)
}

// users sends requests to both doors until they leave.
func (b *balancer) users() {
	ctx, stop := context.WithCancel(context.Background())
	b.leave = stop
	b.t.Cleanup(stop)
	for _, door := range b.doors {
		go func() {
			tick := time.NewTicker(4 * time.Millisecond)
			defer tick.Stop()
			for {
				select {
				case <-ctx.Done():
					return
				case <-tick.C:
				}
				req, err := http.NewRequestWithContext(ctx, http.MethodGet, door, nil)
				if err != nil {
					return
				}
				if resp, err := http.DefaultClient.Do(req); err == nil {
					_ = resp.Body.Close()
				}
			}
		}()
	}
}

// version sets what shall run, with times that are short.
func (b *balancer) version(v string) {
	b.Write("terraform.tfvars", fmt.Sprintf("checkout_version = %q\nat_least = \"300ms\"\nbake = \"300ms\"\ninterval = \"200ms\"\n", v))
}

// weights gives each server's state and weight as HAProxy tells it.
func (b *balancer) weights() string {
	b.t.Helper()
	site := haproxy.Site{Client: b.client(), Layout: haproxy.Layout{
		Backends: []string{"shop_checkout", "partners_checkout"}, Memory: "sluice_checkout/baseline",
		Arms: &haproxy.Arms{Blue: []string{"blue-*"}, Green: []string{"green-*"}},
	}}
	v, err := site.Read(context.Background())
	if err != nil {
		b.t.Fatal(err)
	}
	var out []string
	for _, g := range []haproxy.Group{haproxy.Blue, haproxy.Green} {
		for _, s := range v.All(g) {
			out = append(out, fmt.Sprintf("%s %s %d", s.ID(), s.Admin, s.Weight))
		}
	}
	return strings.Join(append(out, fmt.Sprintf("memory %d", v.Memory.Weight)), "\n")
}

// wantServing checks what the shop's users get.
func (b *balancer) wantServing(version string) {
	b.t.Helper()
	for _, door := range b.doors {
		for range 8 {
			resp, err := http.Get(door)
			if err != nil {
				b.t.Fatal(err)
			}
			var body bytes.Buffer
			_, err = body.ReadFrom(resp.Body)
			_ = resp.Body.Close()
			if err != nil || !strings.Contains(body.String(), `"`+version+`"`) {
				b.t.Fatalf("a user of %s got %s (%v), want %s", door, body.String(), err, version)
			}
		}
	}
}

// record opens the ledger that the applies write, for looks at the newest rollout. Where
// the test fails it says where that stood.
func (b *balancer) record() (look func() *release.Rollout) {
	b.t.Helper()
	ctx := context.Background()
	c := &client.Client{World: acctest.World(), URL: "sqlite:" + b.ledger, Actor: "operator@acme"}
	l, err := c.Existing(ctx)
	if err != nil {
		b.t.Fatal(err)
	}
	b.engine = c.Engine(l)
	b.t.Cleanup(func() { _ = c.Close() }) // Nothing was left unwritten.
	look = func() *release.Rollout {
		b.t.Helper()
		h, err := b.engine.Load(ctx, key)
		if err != nil {
			b.t.Fatal(err)
		}
		return h.Last()
	}
	b.t.Cleanup(func() {
		if h, err := b.engine.Load(ctx, key); b.t.Failed() && err == nil {
			r := h.Last()
			b.t.Logf("rollout %d is %s by %s: %s", r.Number, r.State, r.Cause, r.Reason)
			if tick := r.LastTick; tick != nil {
				b.t.Logf("the last look: %s; problems %q, missing %v", release.ServesText(tick.Observation, time.Time{}), tick.Problems, tick.Missing)
			}
		}
	})
	return look
}

// forget makes HAProxy's next start one with the weights of its file.
func (b *balancer) forget() {
	b.t.Helper()
	config, err := os.ReadFile(filepath.Join(b.Dir, "haproxy.cfg"))
	if err == nil {
		// As the README says for a service that serves already.
		text := strings.NewReplacer("9001}\" disabled", "9001}\"", "9002}\" disabled", "9002}\"", "disabled weight 0", "disabled weight 1").Replace(string(config))
		err = errors.Join(os.WriteFile(filepath.Join(b.Dir, "haproxy.cfg"), []byte(text), 0o600), os.Remove(filepath.Join(b.Dir, "run", "state")))
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

// process tells the process of HAProxy that answers, or nothing.
func (b *balancer) process() string {
	answer, err := b.client().Do(context.Background(), "show info")
	if err != nil {
		return ""
	}
	_, rest, _ := strings.Cut(answer, "Pid: ")
	pid, _, _ := strings.Cut(rest, "\n")
	return pid
}
