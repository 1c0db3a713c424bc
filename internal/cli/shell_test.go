package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/interp"
	"mvdan.cc/sh/v3/syntax"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
)

// shell runs lines as a person's shell would, with redirections and quotes; sluice in
// it is this world's command line, and terraform one that shows a plan.
func (w *world) shell(ctx context.Context, script string) result {
	w.t.Helper()
	parsed, err := syntax.NewParser().Parse(strings.NewReader(script), "example")
	if err != nil {
		w.t.Fatalf("no shell takes %q: %v", script, err)
	}
	var stdout, stderr bytes.Buffer
	runner, err := interp.New(
		interp.StdIO(strings.NewReader(""), &stdout, &stderr),
		interp.Env(expand.ListEnviron("PATH=")),
		interp.ExecHandlers(func(interp.ExecHandlerFunc) interp.ExecHandlerFunc { return w.called }),
	)
	if err != nil {
		w.t.Fatal(err)
	}
	var exit interp.ExitStatus
	if err := runner.Run(ctx, parsed); err != nil && !errors.As(err, &exit) {
		w.t.Fatalf("%s: %v", script, err)
	}
	return result{int(exit), stdout.String(), stderr.String()}
}

// called is a program that a line of shell calls.
func (w *world) called(ctx context.Context, args []string) error {
	io := interp.HandlerCtx(ctx)
	switch args[0] {
	case "sluice":
		if code := w.inShell(ctx, io.Stdin, io.Stdout, io.Stderr, args[1:]); code != Done {
			return interp.ExitStatus(code)
		}
		return nil
	case "terraform":
		raw, err := json.Marshal(map[string]any{"format_version": "1.2", "terraform_version": "1.11.0"})
		if err != nil {
			return err
		}
		_, err = io.Stdout.Write(raw)
		return err
	default:
		w.t.Errorf("the line calls %q, which is neither sluice nor terraform", args[0])
		return interp.ExitStatus(127)
	}
}

func (w *world) inShell(ctx context.Context, stdin io.Reader, stdout, stderr io.Writer, args []string) int {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	a := w.app()
	a.stdin, a.stdout, a.stderr = stdin, stdout, stderr
	if a.stdin == nil {
		a.stdin = strings.NewReader("")
	}
	a.clock = waiting{w.clock, w}
	switch {
	case len(args) > 0 && args[0] == "contract":
		a.clock = clock.System{} // The server is a real one.
	case len(args) > 0 && args[0] == "agent":
		// It runs until somebody stops it, which is as soon as it logs that it is up.
		a.clock, a.stderr = clock.System{}, &stopping{stderr, stop}
		args = append(args, "--listen", "127.0.0.1:0")
	case len(args) > 0 && args[0] == "lab":
		// It runs until somebody stops it, which is as soon as it says that it is up.
		a.stdout, a.labChild = &stopping{stdout, stop}, labChild(w.t)
		if !strings.Contains(strings.Join(args, " "), "--listen") {
			args = append(args, "--listen", "127.0.0.1:0", "--traffic-listen", "127.0.0.1:0")
		}
	}
	return a.run(ctx, args)
}

// stopping stops a command at the first that it writes.
type stopping struct {
	io.Writer
	stop func()
}

func (s *stopping) Write(p []byte) (int, error) {
	defer s.stop()
	return s.Writer.Write(p)
}

// folder makes the project's examples the ones below the world's own folder.
func (w *world) folder(examples string) {
	w.t.Helper()
	if err := os.Symlink(examples, "examples"); err != nil {
		w.t.Fatal(err)
	}
}

// quotedArgs splits a line as a shell does; what it redirects is not among them.
func quotedArgs(t *testing.T, line string) [][]string {
	t.Helper()
	parsed, err := syntax.NewParser().Parse(strings.NewReader(line), "example")
	if err != nil {
		t.Fatalf("no shell takes %q: %v", line, err)
	}
	var calls [][]string
	syntax.Walk(parsed, func(node syntax.Node) bool {
		call, ok := node.(*syntax.CallExpr)
		if !ok {
			return true
		}
		args, err := expand.Fields(nil, call.Args...)
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		calls = append(calls, args)
		return false
	})
	return calls
}
