package credential

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

// CommandTimeout is how long a command may take. It is short because a verdict
// may wait for the secret.
const CommandTimeout = 10 * time.Second

// killGrace is how long the pipes of a killed command may stay open, which a
// grandchild of the command can do.
const killGrace = time.Second

func readFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }() // Nothing was written.
	content, err := io.ReadAll(io.LimitReader(f, MaxSize+1))
	if err != nil {
		return "", err
	}
	return string(content), nil
}

// runCommand leaves out what the command wrote to standard error, because
// helpers for credentials have been seen to print the credential there.
func runCommand(ctx context.Context, argv []string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, CommandTimeout)
	defer cancel()
	out := &limited{}
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Stdout = out
	cmd.WaitDelay = killGrace
	err := cmd.Run()
	if out.over {
		return "", ErrTooLong
	}
	if ctxErr := ctx.Err(); ctxErr != nil {
		return "", fmt.Errorf("it did not finish in time (at most %s): %w", CommandTimeout, ctxErr)
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return "", fmt.Errorf("it failed with %w; run it by hand to see why", err)
	}
	if err != nil {
		return "", err
	}
	return out.buf.String(), nil
}

// limited keeps what is written up to MaxSize and refuses the rest, which ends a
// command that never stops writing.
type limited struct {
	buf  bytes.Buffer
	over bool
}

func (l *limited) Write(p []byte) (int, error) {
	if l.buf.Len()+len(p) > MaxSize {
		l.over = true
		return 0, ErrTooLong
	}
	return l.buf.Write(p)
}
