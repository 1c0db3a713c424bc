package haproxy

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/haproxy"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// lookAgain is when to come back for what HAProxy or a server is at.
const lookAgain = 250 * time.Millisecond

// Prepare implements target.Target. One call does one thing: it takes the idle
// group out, or runs the install command, or makes the group ready at weight 0.
func (t *Target) Prepare(ctx context.Context, req target.PrepareRequest) (target.Progress, error) {
	if err := admit(req.WriteRequest); err != nil {
		return target.Progress{}, err
	}
	if req.Payload.Digest() == "" {
		return target.Progress{}, invalid(fmt.Sprintf("the reference %q has no digest", req.Payload.Reference))
	}
	s, err := t.look(ctx)
	if err != nil {
		return target.Progress{}, err
	}
	idle, runs := t.idle(ctx, s, req.Payload)
	here := runs.all && runs.payload.Same(req.Payload)
	switch {
	case s.takes() != "" && !here:
		return target.Progress{}, t.conflict(ctx, s, fmt.Sprintf("the arm %s runs %s and takes %s", idle, runs.label(), s.takes()),
			"revert first; a canary is replaced only without traffic")
	case here && (s.share > 0 || allReady(s.All(idle))):
		return t.prepared(ctx, s, req.Payload), nil
	case here:
		return t.batch(ctx, admitted(s.All(idle)), func(s sight) target.Progress { return t.prepared(ctx, s, req.Payload) })
	case s.canary != "" && !runs.differ && runs.payload.IsZero():
		// It was ready, and does not tell now. To tear it down would be rash.
		return t.wait(ctx, s, lookAgain), nil
	case t.config.Install == nil:
		return target.Progress{}, &target.Error{Code: target.CodeNotFound, Message: notThere(req.Payload, idle, runs), Remedy: bringIt(idle)}
	case s.Stage(idle) != haproxy.Maint:
		return t.batch(ctx, states(s.All(idle), haproxy.Maint), func(s sight) target.Progress { return t.wait(ctx, s, lookAgain) })
	}
	answer, err := t.run(ctx, VerbInstall, req.Payload, s.View, idle)
	if err != nil {
		return target.Progress{}, err
	}
	return t.wait(ctx, s, max(answer.LookAgain.Std(), lookAgain)), nil
}

// idle finds the group for a payload, and what it runs.
func (t *Target) idle(ctx context.Context, s sight, p artifact.Payload) (haproxy.Group, told) {
	switch {
	case s.canary != "":
		return s.canary, t.ask(ctx, s.All(s.canary))
	case s.baseline != "":
		return s.baseline.Other(), t.ask(ctx, s.All(s.baseline.Other()))
	}
	// Nothing serves: whichever runs it already, else the first.
	if green := t.ask(ctx, s.All(haproxy.Green)); green.all && green.payload.Same(p) {
		return haproxy.Green, green
	}
	return haproxy.Blue, t.ask(ctx, s.All(haproxy.Blue))
}

func (t *Target) prepared(ctx context.Context, s sight, p artifact.Payload) target.Progress {
	out := t.progress(ctx, s, false)
	c := out.Observation.Canary
	out.Done = c != nil && c.Payload.Same(p) && c.Health == target.Healthy
	if !out.Done {
		out.LookAgain = lookAgain
	}
	return out
}

// Apply implements target.Target.
func (t *Target) Apply(ctx context.Context, req target.ApplyRequest) (target.Progress, error) {
	share, cohort := req.Traffic.Weight, req.Traffic.Cohort
	if errs := req.Traffic.Validate(); len(errs) > 0 {
		return target.Progress{}, invalid("traffic: " + errs.Error())
	}
	if req.RevertAfter < 0 {
		return target.Progress{}, invalid(fmt.Sprintf("revert_after is negative (%s)", req.RevertAfter))
	}
	if err := t.canDo(req.Traffic); err != nil {
		return target.Progress{}, err
	}
	if err := admit(req.WriteRequest); err != nil {
		return target.Progress{}, err
	}
	s, err := t.look(ctx)
	if err != nil {
		return target.Progress{}, err
	}
	if err := t.mayApply(ctx, s, req); err != nil {
		return target.Progress{}, err
	}
	commands, err := split(s, share)
	if err != nil {
		return target.Progress{}, err
	}
	return t.batch(ctx, append(commands, t.routed(s, cohort)...), func(s sight) target.Progress {
		return t.progress(ctx, s, s.moved(share) && !s.foreign && s.cohort.Same(cohort))
	}, s)
}

func (t *Target) mayApply(ctx context.Context, s sight, req target.ApplyRequest) error {
	share := req.Traffic.Weight
	if want := req.ExpectedFingerprint; want != "" {
		if o := t.observe(ctx, s); o.Fingerprint != want {
			return &target.Error{Code: target.CodeConflict, Observation: &o, Message: fmt.Sprintf("the fingerprint is %q and not %q", o.Fingerprint, want),
				Remedy: "somebody changed HAProxy; observe it and decide again"}
		}
	}
	switch {
	case share > 0 && s.canary == "":
		return t.conflict(ctx, s, fmt.Sprintf("there is no canary to give %g %% of the traffic to", share), "prepare one first")
	case req.Traffic.Cohort != nil && s.canary == "":
		return t.conflict(ctx, s, "there is no canary for the cohort "+req.Traffic.Cohort.String(), "prepare one first")
	case req.Traffic.Cohort != nil && !s.Map.Loaded:
		return t.noMap()
	case (share > s.share || !s.cohort.Same(req.Traffic.Cohort) && req.Traffic.Cohort != nil) && health(s.Part(s.canary)) != target.Healthy:
		return t.conflict(ctx, s, fmt.Sprintf("HAProxy's checks do not say that all servers of the arm %s are up", s.canary), "see why, or wait until they are")
	case (share > 0 || req.Traffic.Cohort != nil) && share < 100 && s.baseline == "":
		return t.conflict(ctx, s, fmt.Sprintf("there is no baseline to take the other %g %% of the traffic", 100-share), "set weight 100")
	}
	return nil
}

// split gives the commands for a share, those that raise a weight first, so that
// no backend is ever without a server.
func split(s sight, share float64) ([]string, error) {
	if s.canary == "" {
		return nil, nil
	}
	var raise, lower []string
	for i, backend := range s.View.Groups[s.canary] {
		b, c := s.part(s.baseline, i), s.part(s.canary, i)
		pair, err := haproxy.Weights(share, haproxy.Count{Baseline: len(b), Canary: len(c)})
		if err != nil {
			return nil, &target.Error{Code: target.CodeUnsupported, Message: fmt.Sprintf("the backend of %s cannot split the traffic so", backend[0].ID()), Err: err,
				Remedy: "choose a weight that is possible in the strategy, or as many servers in both arms"}
		}
		for _, side := range []struct {
			servers []haproxy.Server
			weight  int
		}{{b, pair.Baseline}, {c, pair.Canary}} {
			for _, srv := range side.servers {
				switch command := setWeight(srv, side.weight); {
				case side.weight > srv.Weight:
					raise = append(raise, command)
				case side.weight < srv.Weight:
					lower = append(lower, command)
				}
			}
		}
	}
	return append(raise, lower...), nil
}

// Complete implements target.Target: the old servers are drained, and then the
// memory changes.
func (t *Target) Complete(ctx context.Context, req target.WriteRequest) (target.Progress, error) {
	s, err := t.admitted(ctx, req)
	if err != nil {
		return target.Progress{}, err
	}
	if s.canary == "" {
		return t.progress(ctx, s, true), nil
	}
	if !s.moved(100) {
		return target.Progress{}, t.conflict(ctx, s, fmt.Sprintf("the arm %s takes %g %% of the traffic and not all of it", s.canary, slices.Min(s.shares)), "set weight 100 first")
	}
	commands := t.routed(s, nil)
	if s.baseline != "" {
		commands = append(commands, states(s.Part(s.baseline), haproxy.Drain)...)
	}
	return t.batch(ctx, append(commands, s.Remember(s.canary)), func(after sight) target.Progress {
		return t.progress(ctx, after, after.canary == "" && after.baseline == s.canary)
	})
}

// Revert implements target.Target: the baseline first gets all the weight there
// is, and then the canary loses its own.
func (t *Target) Revert(ctx context.Context, req target.WriteRequest) (target.Progress, error) {
	s, err := t.admitted(ctx, req)
	if err != nil {
		return target.Progress{}, err
	}
	commands := t.routed(s, nil)
	if s.canary == "" {
		if s, err = t.send(ctx, commands, s); err != nil {
			return target.Progress{}, err
		}
		return t.progress(ctx, s, true), nil
	}
	if s.Memory.Weight != 0 {
		old := s.Part(s.canary.Other())
		if len(old) == 0 {
			// Taken out by hand, or by a restart. Better it than nobody.
			old = s.All(s.canary.Other())
		}
		for _, srv := range old {
			commands = append(commands, setWeight(srv, haproxy.MaxWeight))
			if srv.Admin != haproxy.Ready {
				commands = append(commands, setState(srv, haproxy.Ready))
			}
		}
	}
	for _, srv := range s.Part(s.canary) {
		commands = append(commands, setWeight(srv, 0))
	}
	if s, err = t.send(ctx, commands); err != nil {
		return target.Progress{}, err
	}
	// A file that cannot be written must not hold a revert up. Finalize, which
	// comes next, says so.
	_ = t.keep(s)
	return t.progress(ctx, s, s.moved(0) && s.cohort == nil), nil
}

// Finalize implements target.Target. An arm with open sessions is drained for a
// while before it is taken out.
func (t *Target) Finalize(ctx context.Context, req target.WriteRequest) (target.Progress, error) {
	s, err := t.admitted(ctx, req)
	if err != nil {
		return target.Progress{}, err
	}
	if takes := s.takes(); takes != "" {
		return target.Progress{}, t.conflict(ctx, s, fmt.Sprintf("the arm %s takes %s", s.canary, takes),
			"complete or revert first; an arm with traffic is never removed")
	}
	var over []haproxy.Server
	for _, g := range []haproxy.Group{haproxy.Blue, haproxy.Green} {
		if g != s.baseline {
			over = append(over, s.Part(g)...)
		}
	}
	ended := func(s sight) target.Progress { return t.progress(ctx, s, s.canary == "") }
	switch left, draining := drained(over); {
	case left && t.drain > 0 && draining < 0:
		return t.batch(ctx, states(over, haproxy.Drain), func(s sight) target.Progress { return t.wait(ctx, s, lookAgain) })
	case left && draining >= 0 && draining < t.drain:
		return t.wait(ctx, s, lookAgain), nil
	}
	return t.batch(ctx, append(t.routed(s, nil), states(over, haproxy.Maint)...), ended, s)
}

// drained says whether sessions are left, and for how long all servers have been
// drained; that is negative when one is not.
func drained(servers []haproxy.Server) (left bool, since time.Duration) {
	since = math.MaxInt64
	for _, s := range servers {
		left = left || s.Sessions > 0
		if s.Admin != haproxy.Drain {
			since = -1
		}
		since = min(since, s.Since)
	}
	return left, since
}

// admitted looks for a change that may be made.
func (t *Target) admitted(ctx context.Context, req target.WriteRequest) (sight, error) {
	if err := admit(req); err != nil {
		return sight{}, err
	}
	return t.look(ctx)
}

func admit(req target.WriteRequest) error {
	if req.Key == "" {
		return invalid("the change has no idempotency key")
	}
	return nil
}

// batch sends commands, keeps the state for HAProxy's next start, and answers
// with what is true afterwards. Before is what was true, where it may be that
// there is no command.
func (t *Target) batch(ctx context.Context, commands []string, then func(sight) target.Progress, before ...sight) (target.Progress, error) {
	s, err := t.send(ctx, commands, before...)
	if err != nil {
		return target.Progress{}, err
	}
	if err := t.keep(s); err != nil {
		return target.Progress{}, err
	}
	return then(s), nil
}

// send sends commands in one line.
func (t *Target) send(ctx context.Context, commands []string, before ...sight) (sight, error) {
	if len(commands) == 0 && len(before) > 0 {
		return before[0], nil
	}
	s, err := t.look(ctx, commands...)
	if err != nil {
		return s, err
	}
	if s.Said != "" {
		return s, refused(s.Said)
	}
	return s, nil
}

// refused turns HAProxy's words into an error.
func refused(said string) error {
	e := &target.Error{Code: target.CodeProtocol, MaybeDone: true, Message: "HAProxy refused a command: " + printable(said), Remedy: "see the management guide of your version of HAProxy, section 9.3"}
	switch {
	case strings.Contains(said, "Permission denied"):
		e.Code, e.MaybeDone, e.Remedy = target.CodeUnauthorized, false, levelRemedy
	case strings.Contains(said, "Unknown map"):
		e.Code, e.Remedy = target.CodeNotFound, mapRemedy("cohort_map")
	case strings.Contains(said, "No such"):
		e.Code, e.Remedy = target.CodeNotFound, "a backend or a server has gone meanwhile; observe and decide again"
	case strings.Contains(said, "static LB algorithm"):
		e.Code, e.Remedy = target.CodeUnsupported, "use balance roundrobin in the backend"
	}
	return e
}

func (t *Target) progress(ctx context.Context, s sight, done bool) target.Progress {
	return target.Progress{Done: done, Observation: t.observe(ctx, s)}
}

func (t *Target) wait(ctx context.Context, s sight, again time.Duration) target.Progress {
	return target.Progress{LookAgain: again, Observation: t.observe(ctx, s)}
}

func (t *Target) conflict(ctx context.Context, s sight, message, remedy string) error {
	o := t.observe(ctx, s)
	return &target.Error{Code: target.CodeConflict, Message: message, Remedy: remedy, Observation: &o}
}

func invalid(message string) error {
	return &target.Error{Code: target.CodeInvalid, Message: message, Remedy: "this is a mistake of the caller"}
}
