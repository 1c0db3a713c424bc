package checks

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// extra is one part of a traffic state besides the weight, with what the checks
// ask of it.
type extra struct {
	// name begins the names of its checks; needs is its capability.
	name, needs string
	// lost says what would happen to users when it is not made true.
	lost string
	// states are some, for a target whose arms have so many instances.
	states func(replicas int) []target.TrafficState
	// bad are states that nobody may ask for, by what is wrong with them.
	bad map[string]target.TrafficState
	// exposes is whether users reach the canary by it.
	exposes bool
}

func cohortOf(header, cookie, value string) *target.Cohort {
	return &target.Cohort{Header: header, Cookie: cookie, Value: value}
}

// extras lists the parts.
func extras() []extra {
	cohort := func(header, cookie, value string) target.TrafficState {
		return target.TrafficState{Cohort: cohortOf(header, cookie, value)}
	}
	batch := func(share, minHealthy float64) target.TrafficState {
		return target.TrafficState{Batch: &target.Batch{Share: share, MinHealthy: minHealthy}}
	}
	return []extra{
		{name: "cohort", needs: "cohorts", lost: "a step for a few would reach nobody, or everybody", exposes: true,
			states: func(int) []target.TrafficState {
				return []target.TrafficState{cohort("X-Sluice-Check", "", "1"), cohort("X-Sluice-Check", "", "two words, (really)"), cohort("", "sluice-check", "a.b")}
			},
			bad: map[string]target.TrafficState{
				"a cohort by nothing": cohort("", "", "1"), "a cohort by header and cookie": cohort("X-A", "a", "1"), "a cohort without a value": cohort("X-A", "", ""),
				"a header with a blank": cohort("X A", "", "1"), "a value with a line break": cohort("X-A", "", "1\r\nX-B: 2"), "a cookie's value with a semicolon": cohort("", "a", "1;b=2"),
			}},
		{name: "mirror", needs: "mirror", lost: "the canary would be judged by traffic that it never got",
			states: func(int) []target.TrafficState { return []target.TrafficState{{Mirror: 10}, {Mirror: 100}} },
			bad:    map[string]target.TrafficState{"mirror -1": {Mirror: -1}, "mirror 101": {Mirror: 101}, "a mirror that is not a number": {Mirror: math.NaN()}}},
		{name: "batch", needs: "batches", lost: "a rolling release would stop, or move everybody at once", exposes: true,
			states: func(replicas int) []target.TrafficState {
				if replicas == 1 {
					return []target.TrafficState{batch(100, 0)} // It cannot be split.
				}
				return []target.TrafficState{batch(50, 50), batch(100, 50)}
			},
			bad: map[string]target.TrafficState{"a share of -1": batch(-1, 0), "a share of 101": batch(101, 0), "min_healthy 101": batch(50, 101)}},
	}
}

func routingChecks() []Check {
	var all []Check
	for _, x := range extras() {
		all = append(all,
			Check{x.name + "/told", x.lost, []string{x.needs}, false, x.told},
			Check{x.name + "/no canary", "traffic would go to an arm that is not there", []string{x.needs}, false, x.noCanary},
			Check{x.name + "/ends", "users would stay with an artifact that was taken back", []string{x.needs}, false, x.ends},
			Check{x.name + "/cleaning up", "users would be sent to an arm that is gone", []string{x.needs}, false, x.cleaningUp},
			Check{x.name + "/malformed", "a mistake of a driver would reach users", []string{x.needs}, false, x.malformed},
			Check{x.name + "/fingerprint", "a change by somebody else would go unnoticed", []string{x.needs, "conditional_write"}, false, x.fingerprint},
			Check{x.name + "/switch", "a driver that died in mid-rollout would leave users hurt", []string{x.needs, "revert_after"}, false, x.fires},
		)
	}
	return all
}

// begins brings the target to where B is prepared, and gives the states to try.
func (x extra) begins(ctx context.Context, e *Env) ([]target.TrafficState, error) {
	if err := e.canary(ctx, 0); err != nil {
		return nil, err
	}
	o, err := e.observe(ctx)
	if err != nil {
		return nil, err
	}
	return x.states(o.Canary.Replicas), nil
}

// set makes a state true, which may take a while.
func (e *Env) set(ctx context.Context, s target.TrafficState, revertAfter time.Duration) error {
	req := target.ApplyRequest{WriteRequest: e.write(), Traffic: s, RevertAfter: revertAfter}
	for end := e.Clock.Now().Add(e.Patience); ; {
		p, err := e.Target.Apply(ctx, req)
		if err != nil {
			return fmt.Errorf("apply %s: %w", words(s), err)
		}
		if p.Done {
			return nil
		}
		if e.Clock.Now().After(end) {
			return fmt.Errorf("apply %s: not done within %s", words(s), e.Patience)
		}
		if err := e.Clock.Sleep(ctx, max(p.LookAgain, 20*time.Millisecond)); err != nil {
			return fmt.Errorf("apply %s: %w", words(s), err)
		}
	}
}

func words(s target.TrafficState) string {
	switch {
	case s.Cohort != nil:
		return "cohort " + s.Cohort.String()
	case s.Batch != nil:
		return fmt.Sprintf("batch %g %%", s.Batch.Share)
	case s.Mirror != 0:
		return fmt.Sprintf("mirror %g %%", s.Mirror)
	}
	return fmt.Sprintf("weight %g", s.Weight)
}

// tells checks that an observation tells the state.
func tells(o target.Observation, s target.TrafficState) error {
	t := o.Traffic
	if s.Plain() {
		if t != nil && !t.Plain() {
			return fmt.Errorf("the observation still tells %s", words(*t))
		}
		return nil
	}
	switch {
	case t == nil:
		return fmt.Errorf("the observation does not tell %s as traffic", words(s))
	case !t.Cohort.Same(s.Cohort):
		return fmt.Errorf("the observation tells another cohort than %s", words(s))
	case math.Abs(t.Mirror-s.Mirror) > 0.01:
		return fmt.Errorf("the observation tells the mirror %g; it must be %g", t.Mirror, s.Mirror)
	case (t.Batch == nil) != (s.Batch == nil), t.Batch != nil && *t.Batch != *s.Batch:
		return fmt.Errorf("the observation tells another batch than %s", words(s))
	case o.Canary == nil || math.Abs(o.Canary.Weight-t.Weight) > 0.01:
		return errors.New("the observation's traffic has another weight than the canary")
	}
	return nil
}

// holdsState checks that a state is told, and the weight that goes with it.
func (e *Env) holdsState(ctx context.Context, s target.TrafficState) error {
	o, err := e.observe(ctx)
	if err != nil {
		return err
	}
	if err := tells(o, s); err != nil {
		return err
	}
	weight := s.Weight
	if b := s.Batch; b != nil {
		if weight = o.Canary.Weight; (weight == 0) != (b.Share == 0) || (weight == 100) != (b.Share == 100) {
			return fmt.Errorf("with %g %% of the instances the canary's weight is %g", b.Share, weight)
		}
	}
	return e.serves(ctx, e.A, e.B, weight)
}

func (x extra) told(ctx context.Context, e *Env) error {
	states, err := x.begins(ctx, e)
	if err != nil {
		return err
	}
	if e.caps.Weights && x.name != "batch" {
		mixed := states[0]
		mixed.Weight = 25
		states = append(states, mixed)
	}
	for _, s := range states {
		if err := e.set(ctx, s, 0); err != nil {
			return err
		}
		if err := e.holdsState(ctx, s); err != nil {
			return err
		}
		if err := e.unchanged(ctx, "the same state with another key", func() error { return e.set(ctx, s, 0) }); err != nil {
			return err
		}
	}
	// What a state leaves out is off.
	if err := e.apply(ctx, 0, 0); err != nil {
		return err
	}
	return e.holdsState(ctx, target.TrafficState{})
}

func (x extra) noCanary(ctx context.Context, e *Env) error {
	if err := e.onlyA(ctx); err != nil {
		return err
	}
	s := x.states(1)[0]
	return e.refused(ctx, words(s)+" without a canary", target.CodeConflict, func() error { return e.set(ctx, s, 0) })
}

func (x extra) ends(ctx context.Context, e *Env) error {
	states, err := x.begins(ctx, e)
	if err != nil {
		return err
	}
	if err := e.set(ctx, states[0], 0); err != nil {
		return err
	}
	p, err := e.Target.Revert(ctx, e.write())
	if err := accepted("revert", p, err); err != nil {
		return err
	}
	if err := tells(p.Observation, target.TrafficState{}); err != nil {
		return fmt.Errorf("in the answer to revert: %w", err)
	}
	if err := e.holdsState(ctx, target.TrafficState{}); err != nil {
		return fmt.Errorf("after revert: %w", err)
	}
	all := states[len(states)-1]
	all.Weight = 100
	if err := e.set(ctx, all, 0); err != nil {
		return err
	}
	if err := e.do(ctx, "complete", e.Target.Complete); err != nil {
		return err
	}
	o, err := e.observe(ctx)
	if err != nil {
		return err
	}
	if err := tells(o, target.TrafficState{}); err != nil {
		return fmt.Errorf("after complete: %w", err)
	}
	return e.serves(ctx, e.B, none, 0)
}

func (x extra) cleaningUp(ctx context.Context, e *Env) error {
	states, err := x.begins(ctx, e)
	if err != nil {
		return err
	}
	if err := e.set(ctx, states[0], 0); err != nil {
		return err
	}
	finalize := func() error { return e.do(ctx, "finalize", e.Target.Finalize) }
	if x.exposes {
		other := e.B
		other.ConfigurationDigest = otherConfiguration(e.B)
		if err := e.refused(ctx, "replacing a canary with "+words(states[0]), target.CodeConflict, func() error { return e.prepare(ctx, other) }); err != nil {
			return err
		}
		return e.refused(ctx, "finalize with "+words(states[0]), target.CodeConflict, finalize)
	}
	if err := finalize(); err != nil {
		return err
	}
	o, err := e.observe(ctx)
	if err != nil {
		return err
	}
	if err := tells(o, target.TrafficState{}); err != nil {
		return fmt.Errorf("after finalize: %w", err)
	}
	return e.serves(ctx, e.A, none, 0)
}

func (x extra) malformed(ctx context.Context, e *Env) error {
	if _, err := x.begins(ctx, e); err != nil {
		return err
	}
	for name, s := range x.bad {
		if err := e.refused(ctx, name, target.CodeInvalid, func() error { return e.set(ctx, s, 0) }); err != nil {
			return err
		}
	}
	return nil
}

func (x extra) fingerprint(ctx context.Context, e *Env) error {
	states, err := x.begins(ctx, e)
	if err != nil {
		return err
	}
	seen := map[string]string{}
	for _, s := range append(states, target.TrafficState{}) {
		o, err := e.observe(ctx)
		if err != nil {
			return err
		}
		if before, ok := seen[o.Fingerprint]; ok {
			return fmt.Errorf("the fingerprint is the same before %s and before %s", before, words(s))
		}
		seen[o.Fingerprint] = words(s)
		if err := e.set(ctx, s, 0); err != nil {
			return err
		}
		if err := e.refused(ctx, "a change decided before "+words(s), target.CodeConflict, func() error {
			_, err := e.Target.Apply(ctx, e.applyRequest(0, o.Fingerprint))
			return err
		}); err != nil {
			return err
		}
	}
	return nil
}

func (x extra) fires(ctx context.Context, e *Env) error {
	states, err := x.begins(ctx, e)
	if err != nil {
		return err
	}
	if err := e.set(ctx, states[0], e.RevertAfter); err != nil {
		return err
	}
	if err := e.pass(ctx, 6); err != nil {
		return err
	}
	if err := e.fired(ctx); err != nil {
		return err
	}
	return e.holdsState(ctx, target.TrafficState{})
}
