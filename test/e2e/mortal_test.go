package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sync"

	"github.com/sluice/terraform-provider-sluice/internal/driver"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// fate counts the points in the life of a driver's process: before and after each
// record, each change of a lease and each change that is asked of the target. At the
// one that is meant the process kills itself, as kill -9 would.
type fate struct {
	// at is the number of the point, from 1 on; 0 is none.
	at int

	mu sync.Mutex
	n  int
}

// diesAt and lived are how a process says on its standard error where it died, and
// through how many points it lived.
const (
	diesAt = "dies at point %d, %s\n"
	lived  = "lived through %d points\n"
)

func (f *fate) point(where string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.n++
	if f.n != f.at {
		return
	}
	_, _ = fmt.Fprintf(os.Stderr, diesAt, f.n, where) // There is nobody to tell if it fails.
	if self, err := os.FindProcess(os.Getpid()); err == nil {
		_ = self.Kill() // SIGKILL, which cannot fail for oneself.
	}
	select {} // The signal ends all threads, this one perhaps a moment later; nothing gets out.
}

// around has a call stand between two points.
func around[T any](f *fate, what string, call func() (T, error)) (T, error) {
	f.point("before " + what)
	got, err := call()
	f.point("after " + what)
	return got, err
}

// doomed makes an engine one whose process has a fate.
func (f *fate) doomed(e *release.Engine) {
	e.Ledger = mortalLedger{e.Ledger, f}
	for name, d := range e.Targets {
		open := d.Open
		d.Open = func(ctx context.Context, config json.RawMessage, deps driver.Deps) (target.Target, error) {
			t, err := open(ctx, config, deps)
			return mortalTarget{t, f}, err
		}
		e.Targets[name] = d
	}
}

type mortalLedger struct {
	ledger.Ledger
	fate *fate
}

// Append implements ledger.Ledger.
func (m mortalLedger) Append(ctx context.Context, stream string, after uint64, entry ledger.Entry) (ledger.Record, error) {
	return around(m.fate, "the record "+entry.Kind, func() (ledger.Record, error) { return m.Ledger.Append(ctx, stream, after, entry) })
}

// SwapLease implements ledger.Ledger.
func (m mortalLedger) SwapLease(ctx context.Context, current, next ledger.Lease) error {
	_, err := around(m.fate, "a change of the lease", func() (struct{}, error) { return struct{}{}, m.Ledger.SwapLease(ctx, current, next) })
	return err
}

type mortalTarget struct {
	target.Target
	fate *fate
}

// Prepare implements target.Target.
func (m mortalTarget) Prepare(ctx context.Context, req target.PrepareRequest) (target.Progress, error) {
	return around(m.fate, "prepare", func() (target.Progress, error) { return m.Target.Prepare(ctx, req) })
}

// Apply implements target.Target.
func (m mortalTarget) Apply(ctx context.Context, req target.ApplyRequest) (target.Progress, error) {
	return around(m.fate, "apply", func() (target.Progress, error) { return m.Target.Apply(ctx, req) })
}

// Complete implements target.Target.
func (m mortalTarget) Complete(ctx context.Context, req target.WriteRequest) (target.Progress, error) {
	return around(m.fate, "complete", func() (target.Progress, error) { return m.Target.Complete(ctx, req) })
}

// Revert implements target.Target.
func (m mortalTarget) Revert(ctx context.Context, req target.WriteRequest) (target.Progress, error) {
	return around(m.fate, "revert", func() (target.Progress, error) { return m.Target.Revert(ctx, req) })
}

// Finalize implements target.Target.
func (m mortalTarget) Finalize(ctx context.Context, req target.WriteRequest) (target.Progress, error) {
	return around(m.fate, "finalize", func() (target.Progress, error) { return m.Target.Finalize(ctx, req) })
}
