package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/postgres"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/postgres/pgtest"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// agentSize is how much an agent is given.
type agentSize struct {
	Standing, Rollouts int
	// Measured is how long it is looked at once all rollouts are driven.
	Measured time.Duration
	// Lease is the term of its leases.
	Lease time.Duration
}

// agents measures one agent, on two cores, that drives a thousand rollouts beside ten
// thousand standing releases on a real PostgreSQL, and how long another one takes to
// take all of that over once the first was killed.
func agents(ctx context.Context, b *bench) (err error) {
	size := agentSize{Standing: 10_000, Rollouts: 1000, Measured: time.Minute, Lease: 30 * time.Second}
	if b.quick {
		size = agentSize{Standing: 500, Rollouts: 100, Measured: 21 * time.Second, Lease: 5 * time.Second}
	}
	server, err := pgtest.New()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	url := server.URL("postgres")
	l, err := postgres.Open(ctx, url, postgres.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	b.say("writing %d releases, %d of them with an open rollout", size.Standing, size.Rollouts)
	took, err := timed(func() error { return seed(ctx, l, size) })
	if err != nil {
		return err
	}
	b.say("that took %s", took.Round(time.Millisecond))
	receiver, err := listener(ctx, l)
	if err != nil {
		return err
	}
	defer receiver.Close()
	first, err := startAgent(ctx, url, "first", size)
	if err != nil {
		return err
	}
	defer first.kill()
	if err := b.driven(ctx, l, first, size); err != nil {
		return err
	}
	second, err := startAgent(ctx, url, "second", size)
	if err != nil {
		return err
	}
	defer second.kill()
	if err := b.tells(ctx, l); err != nil {
		return err
	}
	return b.takenOver(ctx, l, first, second, size)
}

// driven measures one agent at work.
func (b *bench) driven(ctx context.Context, l *postgres.Ledger, a *agentProcess, size agentSize) error {
	began := time.Now()
	if _, err := heldBy(ctx, l, "first", size.Rollouts, time.Now()); err != nil {
		return err
	}
	b.add("agent_start_all", time.Since(began).Seconds(), "s")
	// The first looks come at once; what is measured is the even run after them.
	if err := pause(ctx, 2*agentTick); err != nil {
		return err
	}
	from, before := time.Now(), a.cpu()
	if err := pause(ctx, size.Measured); err != nil {
		return err
	}
	cpu, until := a.cpu()-before, time.Now()
	records, err := l.Query(ctx, ledger.Filter{StreamPrefix: "release/", Since: from.Add(-2 * agentTick), Until: until})
	if err != nil {
		return err
	}
	slices.Reverse(records)
	appends := 0
	var lags []float64
	last := map[string]time.Time{}
	for _, r := range records {
		fresh := !r.At.Before(from)
		if fresh {
			appends++
		}
		if r.Kind != release.KindTick {
			delete(last, r.Stream)
			continue
		}
		if at, ok := last[r.Stream]; ok && fresh {
			lags = append(lags, max(r.At.Sub(at.Add(agentTick)).Seconds(), 0))
		}
		last[r.Stream] = r.At
	}
	b.add("agent_ticks", float64(len(lags)), "ticks")
	b.add("agent_tick_lag_p50", 1000*median(lags), "ms")
	b.want("agent_tick_lag_p99", 1000*quantile(lags, 0.99), "ms", atMost(250))
	b.add("agent_tick_lag_most", 1000*greatest(lags), "ms")
	b.add("agent_appends", float64(appends)/until.Sub(from).Seconds(), "records/s")
	b.add("agent_cpu", 100*cpu.Seconds()/until.Sub(from).Seconds(), "%")
	return b.agentMemory(a)
}

func (b *bench) agentMemory(a *agentProcess) error {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", a.cmd.Process.Pid))
	if err != nil {
		return err
	}
	for name, field := range map[string]string{"agent_memory_most": "VmHWM:", "agent_memory": "VmRSS:"} {
		bytes, err := fieldOf(status, field)
		if err != nil {
			return err
		}
		b.add(name, bytes/megabyte, "MB")
	}
	return nil
}

// takenOver kills the first agent and waits until the second has all that it drove.
func (b *bench) takenOver(ctx context.Context, l *postgres.Ledger, first, second *agentProcess, size agentSize) error {
	// The second must have seen each lease once before it can tell that it stands still.
	if err := second.wait(ctx, "sluice_agent_rollouts{status=\"held\"} "+strconv.Itoa(size.Rollouts)); err != nil {
		return err
	}
	first.kill()
	killed := time.Now()
	took, err := heldBy(ctx, l, "second", size.Rollouts, killed)
	if err != nil {
		return err
	}
	term := size.Lease.Seconds()
	b.add("agent_takeover_p50", median(took)/term, "of the lease's term")
	b.want("agent_takeover_most", greatest(took)/term, "of the lease's term", atMost(1))
	return nil
}

// heldBy waits until an agent holds so many leases, and says when it got each, in
// seconds since an instant.
func heldBy(ctx context.Context, l *postgres.Ledger, agent string, n int, since time.Time) ([]float64, error) {
	took := map[string]float64{}
	for limit := time.Now().Add(5 * time.Minute); time.Now().Before(limit); {
		leases, err := l.Leases(ctx, "release/")
		if err != nil {
			return nil, err
		}
		for _, lease := range leases {
			if _, seen := took[lease.Name]; !seen && strings.HasPrefix(lease.Holder, agent+" ") {
				took[lease.Name] = time.Since(since).Seconds()
			}
		}
		if len(took) >= n {
			var all []float64
			for _, t := range took {
				all = append(all, t)
			}
			return all, nil
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("the agent %s held %d leases of %d within five minutes", agent, len(took), n)
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// seed writes the releases, and opens the rollouts of the first ones.
func seed(ctx context.Context, l ledger.Ledger, size agentSize) error {
	var (
		all  sync.WaitGroup
		mu   sync.Mutex
		errs []error
		slot = make(chan struct{}, 32)
	)
	for n := range size.Standing {
		slot <- struct{}{}
		all.Go(func() {
			defer func() { <-slot }()
			if err := seedOne(ctx, l, n, n < size.Rollouts); err != nil {
				mu.Lock()
				defer mu.Unlock()
				errs = append(errs, err)
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

func seedOne(ctx context.Context, l ledger.Ledger, n int, open bool) error {
	spec := agentSpec(n, "1.0.0", "0")
	key := spec.Key()
	// A release stood for a while before the rollout that is open.
	at := time.Now().Add(-48 * time.Hour)
	write := func(after uint64, kind string, body any) error {
		raw, err := json.Marshal(body)
		if err != nil {
			return err
		}
		_, err = l.Append(ctx, key.Stream(), after, ledger.Entry{
			ID: fmt.Sprintf("%s-%d", kind, after), Kind: kind, At: at, Actor: "bench",
			Service: key.Service, Environment: key.Environment, Body: raw,
		})
		return err
	}
	if err := write(0, release.KindAdopted, release.AdoptedBody{Spec: spec, Owner: owner}); err != nil || !open {
		return err
	}
	at = time.Now()
	old := spec.Payload
	return write(1, release.KindOpened, release.OpenedBody{Number: 1, Kind: release.Forward, Spec: agentSpec(n, "1.1.0", "1"), Owner: owner, Baseline: &old})
}

// agentProcess is an agent in a process of its own.
type agentProcess struct {
	cmd     *exec.Cmd
	metrics string
}

func (a *agentProcess) kill() {
	_ = a.cmd.Process.Kill() // It may be gone already.
	_ = a.cmd.Wait()
}

// cpu is what the process has used so far.
func (a *agentProcess) cpu() time.Duration {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", a.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	// Behind the name in parentheses: state, ..., utime and stime as numbers 14 and 15.
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	var ticks int
	for _, i := range []int{11, 12} {
		n, _ := strconv.Atoi(fields[i])
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}
