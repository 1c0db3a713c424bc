//go:build unix

package exec_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/credential"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/exec"
)

const (
	marker = "m4rker-s3cret"
	served = `{"known": true, "baseline": {"payload": {"version": "1", "reference": "r@sha256:x"}, "weight": 100, "health": "healthy"}}`
)

// sh is a program in one line of shell. PATH is declared, as the program gets
// nothing else.
func sh(script string) exec.Config {
	return exec.Config{Command: []string{"/bin/sh", "-c", script}, Environment: map[string]string{"PATH": os.Getenv("PATH")}}
}

// echo is a program that answers with the text, whatever it is asked.
func echo(text string) exec.Config {
	c := sh(`cat >/dev/null; printf '%s' "$ANSWER"`)
	c.Environment["ANSWER"] = text
	return c
}

func revert(t *testing.T, c exec.Config) (target.Progress, *target.Error) {
	t.Helper()
	p, err := open(t, c).Revert(t.Context(), target.WriteRequest{Key: "k", Fence: 1})
	if err == nil {
		return p, nil
	}
	var te *target.Error
	if !errors.As(err, &te) {
		t.Fatalf("the error %v is not of the port", err)
	}
	return p, te
}

// TestAnswersThatAreNotBelieved wants an error that names what is wrong.
func TestAnswersThatAreNotBelieved(t *testing.T) {
	done := func(observation string) string {
		return `{"answer": {"done": true, "observation": ` + observation + `}}`
	}
	for name, c := range map[string]struct {
		config exec.Config
		code   target.Code
		want   string
	}{
		"nothing":                {echo(""), target.CodeProtocol, "the body is empty"},
		"no JSON":                {echo("done"), target.CodeProtocol, "the JSON does not fit"},
		"cut short":              {echo(done(served)[:30]), target.CodeProtocol, "cut short"},
		"two values":             {echo(done(served) + "{}"), target.CodeProtocol, "something follows"},
		"a list":                 {echo("[]"), target.CodeProtocol, "the answer is a list and must be an object"},
		"neither":                {echo("{}"), target.CodeProtocol, "exactly one of answer and error"},
		"both":                   {echo(`{"answer": {}, "error": {}}`), target.CodeProtocol, "exactly one of answer and error"},
		"a null":                 {echo(`{"answer": null}`), target.CodeProtocol, "exactly one of answer and error"},
		"an unknown field":       {echo(`{"answer": {"done": true, "observation": ` + served + `, "weihgt": 5}}`), target.CodeProtocol, "answer: weihgt is not known"},
		"an unknown field below": {echo(done(strings.Replace(served, `"health"`, `"status": "x", "health"`, 1))), target.CodeProtocol, "observation.baseline.status is not known"},
		"a missing field":        {echo(`{"answer": {"observation": ` + served + `}}`), target.CodeProtocol, "answer: done is missing"},
		"missing fields below":   {echo(done(`{"baseline": {"payload": {"version": "1"}, "weight": 100}}`)), target.CodeProtocol, "observation.known is missing; observation.baseline.payload.reference is missing; observation.baseline.health is missing"},
		"a wrong type":           {echo(done(strings.Replace(served, "100", `"100"`, 1))), target.CodeProtocol, "observation.baseline.weight is a string and must be a number"},
		"a half replica":         {echo(done(strings.Replace(served, `"health"`, `"replicas": 1.5, "health"`, 1))), target.CodeProtocol, "observation.baseline.replicas is a number and must be a whole number"},
		"weights that miss":      {echo(done(strings.Replace(served, "100", "60", 1))), target.CodeProtocol, "add up to 60"},
		"an unknown health":      {echo(done(strings.Replace(served, `"healthy"`, `"fine"`, 1))), target.CodeProtocol, `baseline.health is "fine"`},
		"an unknown code":        {echo(`{"error": {"code": "tired", "message": "x"}}`), target.CodeProtocol, `error.code is "tired"`},
		"its own protocol error": {echo(`{"error": {"code": "protocol", "message": "x"}}`), target.CodeProtocol, `error.code is "protocol"`},
		"an error without words": {echo(`{"error": {"code": "conflict"}}`), target.CodeProtocol, "error: message is missing"},
		"an answer that failed":  {sh(`cat >/dev/null; printf '%s' '` + done(served) + `'; exit 3`), target.CodeProtocol, "exit status 3"},
		"too much":               {sh(`cat >/dev/null; yes`), target.CodeProtocol, "more than 1048576 bytes to standard output"},
		"a failure":              {sh(`echo "cannot reach the router" >&2; exit 7`), target.CodeUnavailable, "its standard error: cannot reach the router: exit status 7"},
		"killed":                 {sh(`kill -9 $$`), target.CodeUnavailable, "signal: killed"},
		"a process left behind":  {sh(`cat >/dev/null; printf '%s' '` + done(served) + `'; sleep 60 &`), target.CodeProtocol, "left a process behind that holds its standard output"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, te := revert(t, c.config)
			if te == nil {
				t.Fatal("it is believed")
			}
			if te.Code != c.code || !strings.Contains(te.Error(), c.want) || !te.MaybeDone || te.Remedy == "" {
				t.Errorf("%v (maybe done: %v; remedy: %s), want %s and %q", te, te.MaybeDone, te.Remedy, c.code, c.want)
			}
		})
	}
}

func TestErrorsOfTheProgram(t *testing.T) {
	c := echo(`{"error": {"code": "conflict", "message": "busy\u001b", "remedy": "wait", "observation": ` + served + `}}`)
	c.Command[2] += "; exit 1" // Whatever the exit code.
	_, te := revert(t, c)
	if te == nil || te.Code != target.CodeConflict || te.Message != "busy " || te.Remedy != "wait" || te.MaybeDone || te.Observation == nil || te.Observation.Baseline.Weight != 100 {
		t.Errorf("%+v, want the conflict with its observation", te)
	}
	if _, te := revert(t, echo(`{"error": {"code": "stale_fence", "message": "2 was seen"}}`)); te == nil || te.Code != target.CodeStaleFence {
		t.Errorf("%+v, want a stale fence", te)
	}
}

// TestEnvironment has what is declared and nothing else.
func TestEnvironment(t *testing.T) {
	t.Setenv("SLUICE_TEST_LEAK", marker)
	t.Setenv("SLUICE_TEST_GIVEN", marker)
	path := filepath.Join(t.TempDir(), "env")
	c := exec.Config{
		Command:         []string{"/bin/sh", "-c", `/usr/bin/env >"$OUT"; echo "$TOKEN is wrong" >&2; exit 1`},
		Environment:     map[string]string{"OUT": path, "EMPTY": ""},
		EnvironmentFrom: map[string]credential.Reference{"TOKEN": {Env: "SLUICE_TEST_GIVEN"}},
	}
	_, te := revert(t, c)
	if te == nil || !strings.Contains(te.Message, "*** is wrong") || strings.Contains(te.Error(), marker) {
		t.Errorf("%v, want standard error without the secret", te)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(content)) {
		switch name, _, _ := strings.Cut(line, "="); name {
		case "OUT", "EMPTY", "TOKEN":
		case "PWD", "OLDPWD", "SHLVL", "_": // The shell's own.
		default:
			t.Errorf("the program sees %s", line)
		}
	}
	if !strings.Contains(string(content), "TOKEN="+marker) {
		t.Error("the program does not see the reference's value")
	}
	c.EnvironmentFrom["TOKEN"] = credential.Reference{Env: "SLUICE_TEST_UNSET"}
	if _, te := revert(t, c); te == nil || te.Code != target.CodeUnauthorized || te.MaybeDone || !strings.Contains(te.Error(), "the variable TOKEN") {
		t.Errorf("%v, want that nothing was run", te)
	}
}

// TestTimeout kills the program with what it started.
func TestTimeout(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pid")
	c := sh(`sleep 60 & echo $! >"` + path + `"; echo working >&2; wait`)
	c.Timeout = "300ms"
	clk := clock.System{}
	began := clk.Now()
	_, te := revert(t, c)
	if te == nil || te.Code != target.CodeUnavailable || !te.MaybeDone || !errors.Is(te, context.DeadlineExceeded) || !strings.Contains(te.Message, "did not finish revert in time (at most 300ms) and was killed with all that it had started; its standard error: working") {
		t.Errorf("%v, want that its time was over", te)
	}
	if took := clk.Now().Sub(began); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(content)))
	if err != nil {
		t.Fatal(err)
	}
	for end := clk.Now().Add(10 * time.Second); alive(pid); {
		if clk.Now().After(end) {
			t.Fatal("what the program started is alive")
		}
		if err := clk.Sleep(t.Context(), 10*time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
	done, stop := context.WithCancel(context.Background())
	stop()
	if _, err := open(t, echo("")).Observe(done); !errors.Is(err, context.Canceled) {
		t.Errorf("Observe() = %v with a context that has ended", err)
	}
}

// alive is false for a process that has ended, also where nobody has waited for it.
func alive(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err != nil || !strings.Contains(string(stat), ") Z ")
}

func TestPrograms(t *testing.T) {
	for name, want := range map[string]string{"sluice-no-such-program": "put it on the PATH", "/no/such/program": "see that it is there", t.TempDir(): "see that it is there"} {
		_, te := revert(t, exec.Config{Command: []string{name}})
		if te == nil || te.Code != target.CodeNotFound || te.MaybeDone || !strings.Contains(te.Remedy, want) {
			t.Errorf("%s: %+v, want that it was not started: %s", name, te, want)
		}
	}
}

// TestRequest is what a program reads, as docs/contract/exec.md shows it.
func TestRequest(t *testing.T) {
	path := filepath.Join(t.TempDir(), "request")
	tgt := open(t, sh(`cat >"`+path+`"; exit 1`))
	read := func(call func() error) string {
		if err := call(); err == nil {
			t.Error("a program that fails is believed")
		}
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(content)
	}
	if got, want := read(func() error { _, err := tgt.Observe(t.Context()); return err }), `{"contract":1,"verb":"observation"}`+"\n"; got != want {
		t.Errorf("request %s, want %s", got, want)
	}
	got := read(func() error {
		_, err := tgt.Apply(t.Context(), target.ApplyRequest{WriteRequest: target.WriteRequest{Key: "k", Fence: 3},
			Traffic: target.TrafficState{Weight: 25}, ExpectedFingerprint: "f", RevertAfter: time.Minute})
		return err
	})
	want := `{"contract":1,"verb":"traffic","key":"k","body":{"fence":3,"traffic":{"weight":25},"expected_fingerprint":"f","revert_after_seconds":60}}` + "\n"
	if got != want {
		t.Errorf("request %s, want %s", got, want)
	}
}

func TestValidate(t *testing.T) {
	cases := map[string]struct{ config, path, want string }{
		"no command":        {`{}`, "command", "there is no program"},
		"an empty program":  {`{"command": [""]}`, "command[0]", "has no name"},
		"a relative one":    {`{"command": ["./deploy.sh"]}`, "command[0]", "is relative, and whoever drives the rollout next may run elsewhere"},
		"a NUL":             {`{"command": ["a", "b\u0000"]}`, "command[1]", "NUL"},
		"a relative place":  {`{"command": ["a"], "directory": "x"}`, "directory", "absolute path"},
		"a bad name":        {`{"command": ["a"], "environment": {"A=B": "c"}}`, `environment["A=B"]`, "is no name of an environment variable"},
		"a bad name from":   {`{"command": ["a"], "environment_from": {"A-B": {"env": "c"}}}`, `environment_from["A-B"]`, "is no name"},
		"a variable twice":  {`{"command": ["a"], "environment": {"A": "c"}, "environment_from": {"A": {"env": "c"}}}`, `environment_from["A"]`, "stands in environment as well"},
		"an empty ref":      {`{"command": ["a"], "environment_from": {"A": {}}}`, `environment_from["A"]`, "names nothing"},
		"a long timeout":    {`{"command": ["a"], "timeout": "2m"}`, "timeout", "between 100ms and 1m"},
		"no timeout":        {`{"command": ["a"], "timeout": "soon"}`, "timeout", "is not a duration"},
		"an unknown member": {`{"command": ["a"], "shell": true}`, "", "allowed are command, directory, environment, environment_from and timeout"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			errs := exec.Validate(json.RawMessage(tc.config))
			if len(errs) != 1 || errs[0].Path != tc.path || !strings.Contains(errs[0].Msg, tc.want) {
				t.Errorf("Validate() = %v, want at %q: %q", errs, tc.path, tc.want)
			}
			if _, err := exec.Driver().Open(t.Context(), json.RawMessage(tc.config), target.Deps{}); err == nil {
				t.Error("Open() takes what Validate() refuses")
			}
		})
	}
	if errs := exec.Validate(json.RawMessage(`{"command": ["deploy", ""], "environment": {"A": ""}, "timeout": "1m"}`)); len(errs) > 0 {
		t.Error(errs)
	}
}
