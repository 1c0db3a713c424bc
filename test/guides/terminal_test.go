package guides

import (
	"bytes"
	"context"
	"errors"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/interp"
	"mvdan.cc/sh/v3/syntax"
)

// terminal is a shell in which a reader types what a guide shows.
type terminal struct {
	t      *testing.T
	runner *interp.Runner
	out    locked
}

// locked is an output that another goroutine may read.
type locked struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

// take gives what was written since the last call.
func (l *locked) take() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.buf.Reset()
	return l.buf.String()
}

func newTerminal(t *testing.T, dir string, env ...string) *terminal {
	t.Helper()
	term := &terminal{t: t}
	var err error
	term.runner, err = interp.New(interp.Dir(dir), interp.Env(expand.ListEnviron(append(os.Environ(), env...)...)), interp.StdIO(nil, &term.out, &term.out))
	if err != nil {
		t.Fatal(err)
	}
	return term
}

// exitCode is how a guide says with which code a line ends, where it is not 0.
var exitCode = regexp.MustCompile(`# .*\bexit code (\d+)$`)

// run types a block, statement by statement. One behind which stands "exit code 3"
// must end so, every other with 0.
func (term *terminal) run(ctx context.Context, text string) string {
	term.t.Helper()
	file, err := syntax.NewParser(syntax.KeepComments(true)).Parse(strings.NewReader(text), "guide")
	if err != nil {
		term.t.Fatalf("no shell takes this: %v\n%s", err, text)
	}
	lines := strings.Split(text, "\n")
	all := ""
	for _, stmt := range file.Stmts {
		var exit interp.ExitStatus
		err := term.runner.Run(ctx, stmt)
		if err != nil && !errors.As(err, &exit) && ctx.Err() == nil {
			term.t.Fatalf("%v", err)
		}
		line, out := lines[stmt.Pos().Line()-1], term.out.take()
		want := interp.ExitStatus(0)
		if told := exitCode.FindStringSubmatch(line); told != nil {
			n, err := strconv.Atoi(told[1])
			if err != nil {
				term.t.Fatalf("%s: %v", line, err)
			}
			want = interp.ExitStatus(n)
		}
		if exit != want && ctx.Err() == nil {
			term.t.Fatalf("%s\nexit code %d, want %d:\n%s", line, exit, want, out)
		}
		all += out
	}
	return all
}
