package exec

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/contract/wire"
)

const (
	// killGrace is how long the pipes of a program that ended may stay open, which a
	// process that it left behind can do.
	killGrace = time.Second
	// maxStderr bounds what is kept of standard error, in bytes, and maxText what of
	// a program's words gets into our messages, in characters.
	maxStderr = 8 << 10
	maxText   = 500
	// minHidden is the length of the shortest value that is blotted out in messages.
	// Shorter ones are everywhere.
	minHidden = 4
)

// result is what came of one run.
type result struct {
	stdout []byte
	stderr string
	// unstarted is set when it never ran, exit when it failed, ctx when its time was
	// over.
	unstarted, exit, ctx error
	// began is true once it ran at all.
	began, overflow, held bool
}

// run starts the program, hands it its input and waits for its end. The program
// and all that it started are killed when the time is over.
func (t *Target) run(ctx context.Context, input []byte, env []string) *result {
	ctx, cancel := context.WithTimeout(ctx, t.timeout)
	defer cancel()
	if err := ctx.Err(); err != nil {
		return &result{ctx: err}
	}
	out, words := &limited{stop: cancel}, &tail{}
	cmd := exec.CommandContext(ctx, t.config.Command[0], t.config.Command[1:]...)
	cmd.Dir, cmd.Env = t.config.Directory, env
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(input), out, words
	cmd.WaitDelay = killGrace
	group(cmd)
	if err := cmd.Start(); err != nil {
		return &result{unstarted: err}
	}
	err := cmd.Wait()
	r := &result{began: true, stdout: out.buf.Bytes(), stderr: string(words.kept), overflow: out.over, held: errors.Is(err, exec.ErrWaitDelay)}
	var exit *exec.ExitError
	switch {
	case out.over:
	case ctx.Err() != nil && err != nil:
		r.ctx = ctx.Err()
	case errors.As(err, &exit):
		r.exit = err
	case err != nil && !r.held:
		r.exit = err
	}
	if err != nil {
		killGroup(cmd)
	}
	return r
}

// environment is all that the program gets to see, and what of it must not stand
// in a message.
func (t *Target) environment(ctx context.Context) ([]string, *strings.Replacer, error) {
	env := []string{} // Not nil, which would mean our own.
	for _, name := range slices.Sorted(maps.Keys(t.config.Environment)) {
		env = append(env, name+"="+t.config.Environment[name])
	}
	var hidden []string
	for _, name := range slices.Sorted(maps.Keys(t.config.EnvironmentFrom)) {
		value, err := t.config.EnvironmentFrom[name].Resolve(ctx)
		if err == nil && strings.ContainsRune(value, 0) {
			err = errors.New("the value contains a NUL character, which no environment variable can")
		}
		if err != nil {
			return nil, nil, &target.Error{Code: target.CodeUnauthorized, Err: err,
				Message: fmt.Sprintf("the variable %s for %s could not be read", name, t.program()),
				Remedy:  "make " + t.config.EnvironmentFrom[name].String() + " available to this process"}
		}
		env = append(env, name+"="+value)
		if len(value) >= minHidden {
			hidden = append(hidden, value, "***")
		}
	}
	return env, strings.NewReplacer(hidden...), nil
}

// said is the end of standard error, for a message.
func (r *result) said() string {
	if r == nil || strings.TrimSpace(r.stderr) == "" {
		return ""
	}
	return "; its standard error: " + printable(strings.TrimSpace(r.stderr))
}

// printable makes a program's words fit for a terminal: short, from their end,
// where programs say why they stop, and without control characters.
func printable(text string) string {
	runes := []rune(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text))
	if len(runes) > maxText {
		return "..." + string(runes[len(runes)-maxText:])
	}
	return string(runes)
}

// limited keeps what is written up to wire.MaxBody; more ends the program.
type limited struct {
	buf  bytes.Buffer
	over bool
	stop func()
}

// Write implements io.Writer.
func (l *limited) Write(p []byte) (int, error) {
	if l.buf.Len()+len(p) > wire.MaxBody {
		l.over = true
		l.stop()
		return 0, os.ErrClosed
	}
	return l.buf.Write(p)
}

// tail keeps the end of what is written.
type tail struct{ kept []byte }

// Write implements io.Writer.
func (t *tail) Write(p []byte) (int, error) {
	t.kept = append(t.kept, p...)
	if over := len(t.kept) - maxStderr; over > 0 {
		t.kept = append([]byte(nil), t.kept[over:]...)
	}
	return len(p), nil
}
