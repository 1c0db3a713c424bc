package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
)

func newTestStage(t *testing.T) (*stage, *bytes.Buffer) {
	t.Helper()
	var b bytes.Buffer
	s := newStage(t.Context(), clock.System{}, newPrinter(&b, false), programs{}, t.TempDir())
	s.config = filepath.Join(s.work, "quickstart")
	if err := os.Mkdir(s.config, 0o755); err != nil {
		t.Fatal(err)
	}
	return s, &b
}

// What came out otherwise ends the story: nothing more is started, told or
// checked, and the exit code is 1.
func TestFailureEndsTheStory(t *testing.T) {
	s, b := newTestStage(t)
	s.expect("the first is so", true, "")
	s.expect("the second is so", false, "it was not")
	s.expect("the third is so", true, "")
	s.say("And they lived happily.")
	if r := s.run(filepath.Join(s.work, "no such program")); r.code != -1 {
		t.Errorf("a program was started: %+v", r)
	}
	s.fail("a later one", "hides the first", "")
	if code := s.report(); code != 1 {
		t.Errorf("the exit code is %d", code)
	}
	want := "  ok  the first is so\n\nFAILED  This came out otherwise than told.\n\n  told  the second is so\n  came  it was not\n"
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("the output (-want +got):\n%s", diff)
	}
}

func TestReport(t *testing.T) {
	s, b := newTestStage(t)
	s.expect("it is so", true, "")
	if code := s.report(); code != 0 || !strings.Contains(b.String(), "Everything came out as told: 1 checks") {
		t.Errorf("code %d, output %q", code, b.String())
	}
	ctx, stop := context.WithCancel(context.Background())
	stop()
	s.ctx = ctx
	if code := s.report(); code != 1 {
		t.Error("stopped from outside it ends with 0")
	}
}

// Both outputs are kept, without colours, and the exit code.
func TestRun(t *testing.T) {
	s, _ := newTestStage(t)
	shell, script := "sh", []string{"-c", "printf '\\033[1mout\\033[0m\\n'; echo err >&2; pwd; exit 3"}
	if runtime.GOOS == "windows" {
		shell, script = "cmd", []string{"/c", "echo out& echo err& cd& exit 3"}
	}
	r := s.run(shell, script...)
	if r.code != 3 || containsAll(r.text, "out", "err", "quickstart") != "" || strings.Contains(r.text, "\x1b") {
		t.Errorf("the result is %+v", r)
	}
	s.exited(r, 3, "it ends with 3")
	if s.problem != nil || s.checks != 1 {
		t.Fatalf("the right code gives %+v", s.problem)
	}
	s.exited(r, 0, "it ends with 0")
	if s.problem == nil || s.problem.came != "exit code 3 instead of 0" || s.problem.output != r.text {
		t.Errorf("the wrong code gives %+v", s.problem)
	}

	s, _ = newTestStage(t)
	if r := s.run("no-such-program-anywhere"); r.code != -1 || s.problem == nil {
		t.Errorf("a program that is not there: %+v, %+v", r, s.problem)
	}
}

// Interrupting the demo interrupts what it runs, and waits for it.
func TestRunIsInterrupted(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // There is no such signal.
	}
	s, _ := newTestStage(t)
	ctx, stop := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer stop()
	s.ctx = ctx
	began := s.clock.Now()
	r := s.run("sh", "-c", "trap 'echo tidied; exit 0' INT; while :; do sleep 0.05; done")
	if took := s.clock.Now().Sub(began); took > grace/2 || !strings.Contains(r.text, "tidied") {
		t.Errorf("after %s it said %q", took, r.text)
	}
}

func TestEnvironment(t *testing.T) {
	got := environment([]string{"PATH=/bin", "CI=true", "TF_LOG=trace", "TF_VAR_bake=1h", "SLUICE_LEDGER=x", "CIRCLE=round", "TOFU_X=1", "HOME=/h"}, "A=b")
	if diff := cmp.Diff([]string{"PATH=/bin", "CIRCLE=round", "HOME=/h", "A=b"}, got); diff != "" {
		t.Errorf("the environment (-want +got):\n%s", diff)
	}
}

func TestTyped(t *testing.T) {
	if got, want := typed([]string{"apply", "-var", `freeze={"a":1}`, "-var", "v=1"}), `apply -var 'freeze={"a":1}' -var v=1`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestMirror(t *testing.T) {
	s, _ := newTestStage(t)
	s.programs.provider = filepath.Join(s.work, "provider")
	if err := os.WriteFile(s.programs.provider, []byte("binary"), 0o600); err != nil {
		t.Fatal(err)
	}
	path, err := s.mirror()
	if err != nil {
		t.Fatal(err)
	}
	config, err := os.ReadFile(path)
	if missing := containsAll(string(config), "filesystem_mirror", filepath.ToSlash(s.work), "registry.opentofu.org/sluice/sluice"); missing != "" || err != nil {
		t.Errorf("the configuration lacks %q: %s, %v", missing, config, err)
	}
	found, err := filepath.Glob(filepath.Join(s.work, "mirror", "*", "sluice", "sluice", "0.0.1", "*", "terraform-provider-sluice_v0.0.1"))
	if err != nil || len(found) != 2 {
		t.Errorf("the mirror has %v, %v", found, err)
	}
}

func TestCopyExample(t *testing.T) {
	from := filepath.Join("..", "..", "examples", "quickstart")
	to := filepath.Join(t.TempDir(), "copy")
	if err := copyExample(to, from); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"main.tf", "outputs.tf", filepath.Join("artifacts", "1.2.0.json")} {
		if _, err := os.Stat(filepath.Join(to, name)); err != nil {
			t.Error(err)
		}
	}
	if err := copyExample(to, t.TempDir()); err == nil {
		t.Error("an empty example is copied")
	}
}
