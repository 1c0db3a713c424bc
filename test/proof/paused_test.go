//go:build unix

package proof

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// What a worker that waits says.
const (
	saysHeld   = "held"
	saysFenced = "fenced"
)

// appendWhenTold takes the lease and appends under it, and once more when somebody writes a
// line to its standard input, however long that takes.
func (w *worker) appendWhenTold(ctx context.Context) error {
	lease, stream := w.Plan.lease(0, 0), w.Plan.stream(0, 0, 0)
	held, err := w.leaser.Acquire(ctx, lease, w.Plan.TTL)
	if err != nil {
		return err
	}
	if err := w.append(ctx, stream, w.entry(held)); err != nil {
		return err
	}
	_, _ = fmt.Fprintln(os.Stdout, saysHeld)
	if _, err := bufio.NewReader(os.Stdin).ReadString('\n'); err != nil {
		return err
	}
	_, err = w.ledger.Append(ctx, stream, w.ends[stream], w.entry(held))
	var (
		fenced   *ledger.FencedError
		conflict *ledger.ConflictError
	)
	if errors.As(err, &conflict) {
		// It is told where the stream ends, as an engine is, and still believes that it drives.
		_, err = w.ledger.Append(ctx, stream, conflict.Last, w.entry(held))
	}
	if !errors.As(err, &fenced) {
		return fmt.Errorf("appending under the old fence: %w", err)
	}
	_, _ = fmt.Fprintln(os.Stdout, saysFenced)
	return nil
}

// TestAPausedProcessIsRefused stops a process that holds a lease, lets another take it when
// it has expired, and wakes the first: whatever it still believes, its fence is refused.
func TestAPausedProcessIsRefused(t *testing.T) {
	for _, b := range backends {
		t.Run(b.name, func(t *testing.T) {
			at := b.start(t)
			at.calm()
			l := create(t, at)
			j := job{
				URL: at.direct, Name: "paused", Log: filepath.Join(t.TempDir(), "log"), Waits: true,
				Plan: plan{Lanes: 1, Chapter: 1, TTL: 200 * time.Millisecond},
			}
			cmd := j.command(t)
			in, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			var said strings.Builder
			cmd.Stderr = &said
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			lines := bufio.NewScanner(out)
			if !lines.Scan() || lines.Text() != saysHeld {
				t.Fatalf("it said %q: %s", lines.Text(), said.String())
			}
			if err := cmd.Process.Signal(syscall.SIGSTOP); err != nil {
				t.Fatal(err)
			}
			// A signal is under way for a moment: none of its threads may hear what comes next.
			var status syscall.WaitStatus
			if _, err := syscall.Wait4(cmd.Process.Pid, &status, syscall.WUNTRACED, nil); err != nil || !status.Stopped() {
				t.Fatalf("it does not sleep: %v, %v", status, err)
			}
			// It is told while it sleeps, so it appends as soon as it wakes.
			if _, err := io.WriteString(in, "go\n"); err != nil {
				t.Fatal(err)
			}
			fence := takeOver(t, l, j.Plan)
			if err := cmd.Process.Signal(syscall.SIGCONT); err != nil {
				t.Fatal(err)
			}
			if !lines.Scan() || lines.Text() != saysFenced {
				t.Errorf("it said %q: %s", lines.Text(), said.String())
			}
			if err := cmd.Wait(); err != nil {
				t.Errorf("%v: %s", err, said.String())
			}
			records, err := l.Read(t.Context(), j.Plan.stream(0, 0, 0), 1)
			if err != nil || len(records) != 2 || records[1].Fence != fence {
				t.Errorf("%+v, %v", records, err)
			}
		})
	}
}

// takeOver waits until the lease has not changed for its term, takes it, and appends under
// it.
func takeOver(t *testing.T, l ledger.Ledger, p plan) uint64 {
	t.Helper()
	clk := clock.System{}
	leaser := &ledger.Leaser{Ledger: l, Clock: clk, Holder: "successor"}
	for {
		held, err := leaser.Acquire(t.Context(), p.lease(0, 0), p.TTL)
		var other *ledger.HeldError
		switch {
		case errors.As(err, &other):
			_ = clk.Sleep(t.Context(), other.Left)
			continue
		case err != nil:
			t.Fatal(err)
		}
		e := ledger.Entry{ID: "successor", Kind: "test.done", At: clk.Now(), Actor: "successor", Lease: held.Name, Fence: held.Fence, Body: []byte(`{}`)}
		if _, err := l.Append(t.Context(), p.stream(0, 0, 0), 1, e); err != nil {
			t.Fatal(err)
		}
		return held.Fence
	}
}
