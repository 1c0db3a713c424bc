package guides

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/interp"
	"mvdan.cc/sh/v3/syntax"

	"github.com/sluice/terraform-provider-sluice/internal/provider/acctest"
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
		if _, code, told := strings.Cut(line, "# exit code "); told {
			n, err := strconv.Atoi(code)
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

// freeAddress is one on which nobody listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// TestAccTheFirstReleaseGoesAsTheGuideSays types every block of the guide: the lab
// and the watch in terminals of their own, the rest in one.
func TestAccTheFirstReleaseGoesAsTheGuideSays(t *testing.T) {
	home, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(home, "bin/sluice")); err != nil {
		t.Fatalf("the guide needs the binary: run make build: %v", err)
	}
	cli := os.Getenv("TF_ACC_TERRAFORM_PATH")
	tools := t.TempDir()
	if err := os.Symlink(cli, filepath.Join(tools, "terraform")); err != nil {
		t.Fatal(err)
	}
	address := freeAddress(t)
	text := strings.NewReplacer(
		"$HOME/terraform-provider-sluice", home, "http://127.0.0.1:7070", "http://"+address,
		"--rate 400", "--rate 400 --listen "+address+" --traffic-listen 127.0.0.1:0",
	).Replace(guide(t, "first-release"))
	dir := t.TempDir()
	ctx, stop := context.WithCancel(t.Context())
	env := []string{"PATH=" + tools + ":" + os.Getenv("PATH"), "CI=", "SLUICE_LEDGER=", "TF_IN_AUTOMATION=1", "CHECKPOINT_DISABLE=1", "NO_COLOR=1", "TF_CLI_ARGS=-no-color"}
	first := newTerminal(t, dir, env...)
	var others sync.WaitGroup
	defer func() { stop(); others.Wait() }()
	beside := func(ctx context.Context, command string, said func(string)) {
		other := newTerminal(t, first.runner.Dir, append(env, "PATH="+filepath.Join(home, "bin")+":"+os.Getenv("PATH"))...)
		others.Go(func() { said(other.run(ctx, command)) })
	}

	// What each block must say, by a line of it.
	wants := []struct {
		line  string
		parts []string
	}{
		{"sluice --version", []string{"sluice "}},
		{"terraform apply -auto-approve\n", []string{`serving = "1.0.0 at 100 %"`}},
		{"terraform plan -var checkout_version=1.1.0", []string{"1.1.0 at 10 %, at least 5s", "checkout 1.1.0 can start in production now", "quarantine  pass"}},
		{"terraform apply -auto-approve -var checkout_version=1.1.0\n", []string{`serving = "1.1.0 at 100 %"`}},
		{"terraform apply -auto-approve -var checkout_version=1.2.0 ", []string{"rolled back", "step 1 of 3", "1.1.0 at 100 %"}},
		{"sluice explain checkout/production/3", []string{"1.2.0 is quarantined since", "evidence for harm"}},
		{"sluice gates checkout/production ", []string{"quarantine  fail", "blocked"}},
		{"sluice rollback checkout/production --dry-run", []string{"from 1.1.0 to 1.0.0", "1.0.0 serves"}},
		{"terraform apply -auto-approve\nterraform apply", []string{"0 added, 0 changed, 0 destroyed", `serving = "1.0.0 at 100 %"`, "1.1.0 to production: blocked"}},
		{"sluice verify", []string{"whole"}},
	}
	watched := make(chan string, 1)
	seen := 0
	for _, typed := range blocks(text, "shell") {
		switch {
		case strings.HasPrefix(typed, "sluice lab "):
			beside(ctx, typed, func(string) {})
			acctest.Eventually(t, "the lab listens", func() bool {
				c, err := net.DialTimeout("tcp", address, time.Second)
				if err != nil {
					return false
				}
				return c.Close() == nil
			})
		case strings.HasPrefix(typed, "sluice watch "):
			beside(t.Context(), typed, func(out string) { watched <- out })
		default:
			out := first.run(ctx, typed)
			if seen < len(wants) && strings.Contains(typed, wants[seen].line) {
				for _, part := range wants[seen].parts {
					if !strings.Contains(out, part) {
						t.Errorf("after\n%sit does not say %q:\n%s", typed, part, out)
					}
				}
				seen++
			}
		}
	}
	if seen < len(wants) {
		t.Errorf("no block has the line %q", wants[seen].line)
	}
	if out := <-watched; !strings.Contains(out, "succeeded") {
		t.Errorf("the watch says\n%s", out)
	}
}
