package haproxy

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/haproxy"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// sight is HAProxy in the words of a rollout.
type sight struct {
	haproxy.View
	// baseline and canary are the groups in the arms, empty where nothing is.
	baseline, canary haproxy.Group
	// shares is the canary's share in each backend, in percent, and share the
	// greatest of them: a batch that was cut short must not look smaller than it is.
	shares []float64
	share  float64
	// cohort is who is sent to the canary whatever its weight is; nil for nobody.
	cohort *target.Cohort
	// foreign is whether the map holds anything else than that cohort.
	foreign bool
}

// look reads HAProxy, after commands that may be none.
func (t *Target) look(ctx context.Context, commands ...string) (sight, error) {
	v, err := t.read(ctx, commands...)
	if err != nil {
		return sight{}, err
	}
	return see(v)
}

func see(v haproxy.View) (sight, error) {
	s := sight{View: v}
	var err error
	if s.baseline, s.canary, err = v.Roles(); err != nil {
		return s, &target.Error{Code: target.CodeUnavailable, Message: "nobody can say which arm is the baseline", Err: err,
			Remedy: "look at what serves, and set the memory's weight by hand: 1 for blue, 2 for green"}
	}
	for _, e := range v.Map.Entries {
		if c, g, ok := e.Cohort(); ok && s.cohort == nil && g == s.canary {
			s.cohort = &c
		} else {
			s.foreign = true
		}
	}
	for i := range v.Groups[haproxy.Blue] {
		b, c := s.part(s.baseline, i), s.part(s.canary, i)
		share := haproxy.ShareOf(haproxy.Pair{Baseline: weight(b), Canary: weight(c)}, haproxy.Count{Baseline: len(b), Canary: len(c)})
		if !even(b) || !even(c) {
			share = exact(b, c)
		}
		s.shares = append(s.shares, share)
		s.share = max(s.share, share)
	}
	return s, nil
}

// part gives the servers of a group in one backend that take traffic when they
// have a weight.
func (s sight) part(g haproxy.Group, backend int) []haproxy.Server {
	if g == "" {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(s.Groups[g][backend]), func(s haproxy.Server) bool { return s.Admin != haproxy.Ready })
}

func weight(servers []haproxy.Server) int {
	if len(servers) == 0 {
		return 0
	}
	return servers[0].Weight
}

func even(servers []haproxy.Server) bool {
	return !slices.ContainsFunc(servers, func(s haproxy.Server) bool { return s.Weight != servers[0].Weight })
}

// exact is the share where a hand has given servers of one arm different weights.
func exact(baseline, canary []haproxy.Server) float64 {
	sum := func(servers []haproxy.Server) (n int) {
		for _, s := range servers {
			n += s.Weight
		}
		return n
	}
	// One server of the arm's whole weight stands for all of them.
	return haproxy.ShareOf(haproxy.Pair{Baseline: sum(baseline), Canary: sum(canary)}, haproxy.Count{Baseline: 1, Canary: 1})
}

// moved reports whether all backends give the canary the share.
func (s sight) moved(share float64) bool {
	return !slices.ContainsFunc(s.shares, func(got float64) bool { return got != share })
}

// Observe implements target.Target. It answers unknown when servers that take
// traffic do not tell what they run, or tell different things.
func (t *Target) Observe(ctx context.Context) (target.Observation, error) {
	s, err := t.look(ctx)
	if err != nil {
		return target.Observation{}, err
	}
	return t.observe(ctx, s), nil
}

func (t *Target) observe(ctx context.Context, s sight) target.Observation {
	o := target.Observation{Known: true}
	rest := 100.0
	if s.canary != "" {
		o.Canary = t.arm(ctx, s, s.canary, s.share)
		rest -= s.share
	}
	if s.baseline != "" {
		o.Baseline = t.arm(ctx, s, s.baseline, rest)
	}
	for _, arm := range []*target.ArmState{o.Baseline, o.Canary} {
		if arm != nil && arm.Payload.Digest() == "" && arm.Weight > 0 && arm.Health != target.Unhealthy {
			return target.Observation{}
		}
	}
	if s.cohort != nil {
		o.Traffic = &target.TrafficState{Weight: s.share, Cohort: s.cohort}
	}
	if s.foreign {
		// Somebody else's hand: drift shall show it, and the next change ends it.
		o.Fields = map[string]any{"cohort_map": haproxy.MapFile(s.Map.Entries)}
	}
	o.Fingerprint = fingerprint(s, o)
	return o
}

// unknown stands for an artifact that nobody tells.
var unknown = artifact.Payload{Artifact: artifact.Artifact{Version: "unknown"}}

func (t *Target) arm(ctx context.Context, s sight, g haproxy.Group, share float64) *target.ArmState {
	servers := s.Part(g)
	a := &target.ArmState{Payload: unknown, Weight: share, Health: health(servers), Replicas: len(servers)}
	// Servers that are down need not tell; their health says enough.
	if told := t.ask(ctx, servers); !told.differ && !told.payload.IsZero() && (told.all || a.Health == target.Unhealthy) {
		a.Payload = told.payload
	}
	return a
}

// health is that of the worst server which takes part. A server just made ready
// runs by HAProxy's account before its first check, so a check must have passed.
func health(servers []haproxy.Server) target.Health {
	worst := target.Healthy
	for _, s := range servers {
		switch {
		case s.Checked && !s.Running:
			return target.Unhealthy
		case !s.Checked || !s.Passed:
			worst = target.HealthUnknown
		}
	}
	return worst
}

// fingerprint changes with every weight, state and payload.
func fingerprint(s sight, o target.Observation) string {
	var b strings.Builder
	fmt.Fprintln(&b, s.Memory.Weight)
	b.WriteString(haproxy.MapFile(s.Map.Entries))
	for _, g := range []haproxy.Group{haproxy.Blue, haproxy.Green} {
		for _, srv := range s.All(g) {
			fmt.Fprintln(&b, srv.ID(), srv.Admin, srv.Weight)
		}
	}
	for _, arm := range []*target.ArmState{o.Baseline, o.Canary} {
		if arm != nil {
			fmt.Fprintln(&b, arm.Payload.Key())
		}
	}
	sum := sha256.Sum256([]byte(b.String()))
	return hex.EncodeToString(sum[:16])
}
