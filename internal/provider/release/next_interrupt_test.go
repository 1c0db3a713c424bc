package release_test

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/provider/acctest"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/target/contract/wire"
)

// inProcess is a stage whose provider Terraform starts, and ends, itself.
func inProcess(t *testing.T) *stage {
	t.Helper()
	s := newStage(t)
	s.Terraform = acctest.NewProcess(t)
	return s
}

// cut invokes an action and presses Ctrl-C as soon as it is so.
func (s *stage) cut(action, what string, so func() bool) acctest.Result {
	s.t.Helper()
	cmd := s.Command(acctest.Invoking(action)...)
	var out bytes.Buffer
	cmd.Stdout = &out
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	acctest.Eventually(s.t, what, so)
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		s.t.Fatal(err)
	}
	_ = cmd.Wait() // How it ended is in its exit code.
	return acctest.Read(out.Bytes(), cmd.ProcessState.ExitCode())
}

// TestNextAnInterruptedActionIsNoSuccess presses Ctrl-C in the middle of continuing.
func TestNextAnInterruptedActionIsNoSuccess(t *testing.T) {
	s := inProcess(t)
	s.Write("main.tf", s.config(s.v1, slow))
	if first := s.Apply(); first.Exit != 0 {
		t.Fatal(first.Text("error"))
	}
	s.Write("main.tf", s.config(s.v2, slow))
	s.interrupt()
	s.Write("actions.tf", actions)
	before := s.history().Seq
	stopped := s.cut("action.sluice_continue.checkout", "the action drives", func() bool { return s.history().Seq > before })
	if s.Wants(stopped, "error", "Unable to release checkout 1.1.0 to production: the rollout is not finished", "it was interrupted"); stopped.Exit != 1 {
		t.Errorf("exit %d", stopped.Exit)
	}
	if s.history().Open() == nil {
		t.Error("the rollout is closed")
	}
}

// TestNextAnInterruptedAbortComesToItsEnd presses Ctrl-C while the target is asked to go
// back, which it does slowly. Terraform may not end the provider before.
func TestNextAnInterruptedAbortComesToItsEnd(t *testing.T) {
	s := inProcess(t)
	asked := make(chan struct{}, 1)
	there, err := url.Parse(s.lab.Contract)
	if err != nil {
		t.Fatal(err)
	}
	pass := httputil.NewSingleHostReverseProxy(there)
	slowly := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, wire.PathRevert) {
			select {
			case asked <- struct{}{}:
			default:
			}
			// Longer than Terraform waits for a provider that it ends.
			_ = clock.System{}.Sleep(context.Background(), 3*time.Second)
		}
		pass.ServeHTTP(w, r)
	}))
	t.Cleanup(slowly.Close)
	config := func(p artifact.Payload) string {
		return strings.ReplaceAll(s.config(p, slow), `url = "`+s.lab.Contract+`"`, `url = "`+slowly.URL+`"`)
	}
	s.Write("main.tf", config(s.v1))
	if first := s.Apply(); first.Exit != 0 {
		t.Fatal(first.Text("error"))
	}
	s.Write("main.tf", config(s.v2))
	s.interrupt()
	s.Write("actions.tf", actions)
	ended := s.cut("action.sluice_abort.checkout", "the target is asked to go back", func() bool {
		select {
		case <-asked:
			return true
		default:
			return false
		}
	})
	s.wantServing(s.v1)
	if last := s.history().Last(); last.State != release.Aborted {
		t.Errorf("the rollout is %s: %s", last.State, ended.Output)
	}
}
