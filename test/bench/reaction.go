package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/lab"
	"github.com/sluice/terraform-provider-sluice/internal/lab/router"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// The reaction is measured on so many labs at once, each with so many users'
// requests a second, a quarter of which the canary answers.
const (
	reactionLabs = 5
	reactionRate = 80
	canaryWeight = 25
)

// reacted is what one rollback took.
type reacted struct {
	// seconds from the first bad answer of the canary that a user got, to the lab's
	// acceptance of the revert.
	seconds float64
	// writes are the appends, leases and calls from the verdict to the acceptance;
	// network the calls alone from the verdict to the end of the rollback.
	writes, network float64
}

// reaction lets canaries turn bad in the middle of a step, at moments spread
// evenly over the time between two ticks, and waits for the revert.
func reaction(ctx context.Context, b *bench) error {
	each := b.rounds(10, 2)
	results := make([][]reacted, reactionLabs)
	errs := make([]error, reactionLabs)
	var all sync.WaitGroup
	for i := range reactionLabs {
		all.Go(func() {
			dir := filepath.Join(b.dir, fmt.Sprintf("reaction-%d", i))
			results[i], errs[i] = reactions(ctx, dir, each, i)
		})
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	var seconds, writes, network []float64
	for _, r := range results {
		for _, one := range r {
			seconds, writes, network = append(seconds, one.seconds), append(writes, one.writes), append(network, one.network)
		}
	}
	b.add("reaction_runs", float64(len(seconds)), "runs")
	b.add("reaction_p50", median(seconds), "s")
	b.want("reaction_p95", quantile(seconds, 0.95), "s", atMost(2*liveTick.Seconds()))
	b.add("reaction_longest", greatest(seconds), "s")
	b.want("rollback_verdict_to_revert_most", greatest(writes), "writes", atMost(3))
	b.add("rollback_verdict_to_end_most", greatest(network), "calls")
	return nil
}

// reactions makes so many rollbacks on one lab.
func reactions(ctx context.Context, dir string, runs, seat int) (out []reacted, err error) {
	t, err := newTheatre(ctx, dir, reactionRate)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	for run := range runs {
		phase := (float64(run*reactionLabs+seat) + 0.5) / float64(runs*reactionLabs)
		one, err := t.react(ctx, fmt.Sprintf("1.1.%d", run), time.Duration(phase*float64(liveTick)))
		if err != nil {
			return nil, fmt.Errorf("rollback %d: %w", run+1, err)
		}
		out = append(out, one)
	}
	return out, nil
}

// react ships a version whose canary turns bad that long after a tick.
func (t *theatre) react(ctx context.Context, version string, phase time.Duration) (reacted, error) {
	p, err := t.artifact(version)
	if err != nil {
		return reacted{}, err
	}
	ctx, stop := context.WithTimeout(ctx, time.Minute)
	defer stop()
	t.users.forget()
	from := t.journal.length()
	ended := make(chan error, 1)
	go func() {
		step := strategy.CanaryStep{Weight: canaryWeight, AtLeast: field.Duration(10 * time.Minute)}
		_, err := t.ship(ctx, p, careful(0, step))
		ended <- err
	}()
	if err := t.harm(ctx, from, phase, ended); err != nil {
		return reacted{}, err
	}
	var back *release.EndedError
	if err := <-ended; !errors.As(err, &back) || back.Outcome.Result != release.WentBack {
		return reacted{}, fmt.Errorf("the rollout did not go back: %w", err)
	}
	if err := t.faults(ctx, lab.Faults{}); err != nil {
		return reacted{}, err
	}
	return t.reacted(t.journal.since(from))
}

// harm waits for the second judged tick, a part of a tick more, and then lets every
// answer of the canary be an error.
func (t *theatre) harm(ctx context.Context, from int, phase time.Duration, ended <-chan error) error {
	for count(t.journal.since(from), tickRecord) < 3 {
		select {
		case err := <-ended:
			return fmt.Errorf("the rollout ended before it was harmed: %w", err)
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(2 * time.Millisecond):
		}
	}
	time.Sleep(phase)
	return t.faults(ctx, lab.Faults{Arms: map[target.Arm]router.Fault{target.Canary: {ErrorRate: 1}}})
}

// reacted reads the journal of a rollback.
func (t *theatre) reacted(events []event) (reacted, error) {
	revert, first := last(events, revertAccepted), t.users.firstBad()
	if revert < 0 || first.IsZero() {
		return reacted{}, fmt.Errorf("no revert was accepted, or no user got a bad answer: %d, %s", revert, first)
	}
	verdict := last(events[:revert], tickRecord)
	after := events[verdict+1:]
	return reacted{
		seconds: events[revert].at.Sub(first).Seconds(),
		writes:  float64(count(events[verdict+1:revert+1], appended, leased, callTarget)),
		network: float64(count(after, callTarget, callSignal)),
	}, nil
}
