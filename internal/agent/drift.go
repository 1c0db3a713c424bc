package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/sluice/terraform-provider-sluice/internal/drift"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

const (
	// driftTTL is the term of the lease under which one agent looks for drift.
	driftTTL = 30 * time.Second
	// driftStep is the time between two turns of the loop.
	driftStep = time.Second
	// driftAtOnce is how many checks are made at once, and driftBound how long each
	// may take.
	driftAtOnce = 8
	driftBound  = 30 * time.Second
	// driftAgain is after how long a result that has not changed is recorded again.
	driftAgain = 24 * time.Hour
)

// watchman looks for drift while it holds the lease.
type watchman struct {
	*Agent

	lease ledger.Lease
	// checks is what is declared, read again at listedAt plus a part of the period.
	checks   []drift.Check
	listedAt time.Time
	// made is when each check was last made by this agent, and recorded what its last
	// record says.
	mu       sync.Mutex
	made     map[string]time.Time
	recorded map[string]verdict
}

// verdict is what decides whether a result is news.
type verdict struct {
	says string
	at   time.Time
	seq  uint64
	// known is false until the stream was read.
	known bool
}

// drifting looks for drift until ctx ends, whenever no other agent of the same
// selection does.
func (a *Agent) drifting(ctx context.Context) {
	w := &watchman{Agent: a, made: map[string]time.Time{}, recorded: map[string]verdict{}}
	for ctx.Err() == nil {
		if err := w.turn(ctx); err != nil && ctx.Err() == nil {
			a.log.Warn("the look for drift failed", "error", err)
		}
		_ = a.opts.Clock.Sleep(ctx, driftStep)
	}
	if w.lease.Holder != "" {
		short, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = a.leaser.Release(short, w.lease) // It expires by itself.
	}
}

// leaseName is the same for agents that look at the same releases.
func (w *watchman) leaseName() string {
	self := w.opts.Self
	services, environments := slices.Sorted(slices.Values(self.Services)), slices.Sorted(slices.Values(self.Environments))
	return fmt.Sprintf("drift/%s@%s", strings.Join(services, ","), strings.Join(environments, ","))
}

// turn keeps the lease and makes the checks that are due.
func (w *watchman) turn(ctx context.Context) error {
	now := w.opts.Clock.Now()
	if w.leaser.Left(w.lease) < driftTTL*2/3 {
		lease, err := w.leaser.Acquire(ctx, w.leaseName(), driftTTL)
		var held *ledger.HeldError
		if errors.As(err, &held) {
			w.lease, w.listedAt = ledger.Lease{}, time.Time{}
			w.metrics.lastDrift.Set(0)
			return w.opts.Clock.Sleep(ctx, min(held.Left, driftTTL/5))
		}
		if err != nil {
			return err
		}
		w.lease = lease
	}
	if w.listedAt.IsZero() || now.Sub(w.listedAt) >= max(w.opts.DriftEvery/10, time.Minute) || now.Before(w.listedAt) {
		if err := w.list(ctx, now); err != nil {
			return err
		}
	}
	w.metrics.lastDrift.Set(float64(now.UnixMilli()) / 1e3)
	return w.make(ctx, w.due(now))
}

// list reads what is declared.
func (w *watchman) list(ctx context.Context, now time.Time) error {
	objects, err := ledger.ListObjects(ctx, w.ledger, drift.ObjectKind, "")
	if err != nil {
		return err
	}
	w.checks = w.checks[:0]
	names := map[string]bool{}
	for _, o := range objects {
		check, err := drift.Decode(o.Content)
		if err != nil {
			w.log.Warn("a drift check cannot be read", "check", o.Name, "error", err)
			continue
		}
		if w.opts.Self.Drives(check.Release.Service, check.Release.Environment) {
			w.checks = append(w.checks, check)
			names[check.Name] = true
		}
	}
	w.listedAt = now
	w.metrics.only(names)
	return nil
}

// due returns the checks whose time has come. The first of each is spread over the
// period by its name, so that ten thousand do not come at once, nor all anew after
// each restart at the same minute.
func (w *watchman) due(now time.Time) []drift.Check {
	var out []drift.Check
	for _, check := range w.checks {
		at, ok := w.made[check.Name]
		if !ok {
			w.made[check.Name] = now.Add(-w.opts.DriftEvery * time.Duration(spread(check.Name, 1000)) / 1000)
			at = w.made[check.Name]
		}
		if now.Sub(at) >= w.opts.DriftEvery || now.Before(at.Add(-w.opts.DriftEvery)) {
			w.made[check.Name] = now
			out = append(out, check)
		}
	}
	return out
}

// make makes checks, some at once.
func (w *watchman) make(ctx context.Context, checks []drift.Check) error {
	var (
		all  sync.WaitGroup
		slot = make(chan struct{}, driftAtOnce)
		mu   sync.Mutex
		errs []error
	)
	for _, check := range checks {
		if ctx.Err() != nil {
			break
		}
		slot <- struct{}{}
		all.Go(func() {
			defer func() { <-slot }()
			if err := w.one(ctx, check); err != nil && ctx.Err() == nil {
				mu.Lock()
				defer mu.Unlock()
				errs = append(errs, fmt.Errorf("%s: %w", check.Name, err))
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// one looks once and records what is news.
func (w *watchman) one(ctx context.Context, check drift.Check) error {
	ctx, cancel := context.WithTimeout(ctx, driftBound)
	defer cancel()
	now := w.opts.Clock.Now()
	report, err := w.look(ctx, check, now)
	if err != nil {
		return err
	}
	if !report.Told() {
		// There is nothing to compare, which is no finding.
		return nil
	}
	w.metrics.checked(check.Name, report.Status)
	return w.note(ctx, check, report, now)
}

// note appends the report where it says something else than the last record, or that
// is a day old.
func (w *watchman) note(ctx context.Context, check drift.Check, report drift.Report, now time.Time) error {
	body, err := json.Marshal(report)
	if err != nil {
		return err
	}
	last, err := w.last(ctx, check.Name)
	if err != nil {
		return err
	}
	says := essence(report)
	if last.says == says && now.Sub(last.at) < driftAgain && !now.Before(last.at) {
		return nil
	}
	entry := ledger.Entry{
		ID: uuid.NewString(), Kind: drift.KindChecked, At: now, Actor: w.opts.Actor,
		Service: check.Release.Service, Environment: check.Release.Environment, Body: body,
		Lease: w.lease.Name, Fence: w.lease.Fence,
	}
	rec, err := w.ledger.Append(ctx, drift.Stream(check.Name), last.seq, entry)
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil {
		delete(w.recorded, check.Name)
		return err
	}
	w.recorded[check.Name] = verdict{says: says, at: now, seq: rec.Seq, known: true}
	w.log.Info("drift was looked for", "release", check.Release.String(), "status", string(report.Status), "severity", string(report.Severity), "differences", len(report.Differences), "fence", entry.Fence)
	return nil
}

// last is what the last record of a check says.
func (w *watchman) last(ctx context.Context, name string) (verdict, error) {
	w.mu.Lock()
	known := w.recorded[name]
	w.mu.Unlock()
	if known.known {
		return known, nil
	}
	heads, err := w.ledger.Heads(ctx, drift.Stream(name))
	if err != nil {
		return verdict{}, err
	}
	v := verdict{known: true}
	if len(heads) > 0 && heads[0].Stream == drift.Stream(name) {
		var report drift.Report
		if err := json.Unmarshal(heads[0].Body, &report); err != nil {
			return verdict{}, fmt.Errorf("reading record %s#%d: %w", heads[0].Stream, heads[0].Seq, err)
		}
		v.says, v.at, v.seq = essence(report), heads[0].At, heads[0].Seq
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.recorded[name] = v
	return v, nil
}

// essence is a report without its instant.
func essence(r drift.Report) string {
	// What differs is no news when a rollout begins or ends.
	r.At, r.Moving = time.Time{}, false
	raw, err := json.Marshal(r)
	if err != nil {
		return ""
	}
	return string(raw)
}
