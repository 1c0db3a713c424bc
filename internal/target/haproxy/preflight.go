package haproxy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/haproxy"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// MaxServers is how many servers, in all backends, one line of commands reaches.
const MaxServers = 128

const levelRemedy = "give the socket the level admin: stats socket /run/haproxy/admin.sock mode 660 group deploy level admin"

// Preflight implements target.Target.
func (t *Target) Preflight(ctx context.Context, payload artifact.Payload) ([]target.Obstacle, error) {
	v, err := t.read(ctx)
	var te *target.Error
	switch {
	case errors.As(err, &te) && (te.Code == target.CodeUnauthorized || te.Code == target.CodeNotFound):
		return []target.Obstacle{{What: te.Message + ": " + te.Err.Error(), Remedy: te.Remedy}}, nil
	case err != nil:
		return nil, err
	}
	s, err := see(v)
	if errors.As(err, &te) {
		return []target.Obstacle{{What: te.Message + ": " + te.Err.Error(), Remedy: te.Remedy}}, nil
	}
	out := t.settings(v)
	if payload.ConfigurationDigest != "" && t.config.Identity.ConfigurationDigest == nil {
		out = append(out, target.Obstacle{What: "the release has a configuration digest, and nothing says where a server tells its own",
			Remedy: "declare it, for example identity = { ..., configuration_digest = { header = \"X-Configuration-Digest\" } }"})
	}
	return t.installable(ctx, s, payload, out)
}

// installable adds what stands in the way of the payload itself.
func (t *Target) installable(ctx context.Context, s sight, p artifact.Payload, out []target.Obstacle) ([]target.Obstacle, error) {
	if s.baseline != "" {
		if runs := t.ask(ctx, s.Part(s.baseline)); runs.all && runs.payload.Same(p) {
			return out, nil
		} else if !runs.all {
			out = append(out, target.Obstacle{What: "the servers of the baseline do not all tell the same: " + runs.why,
				Remedy: "see that each answers at identity.url (" + t.config.Identity.url() + ") from this machine, and runs the same artifact"})
		}
	}
	idle, runs := t.idle(ctx, s, p)
	switch {
	case runs.all && runs.payload.Same(p):
		return out, nil
	case t.config.Install == nil:
		return append(out, target.Obstacle{What: notThere(p, idle, runs), Remedy: bringIt(idle)}), nil
	}
	answer, err := t.run(ctx, VerbPreflight, p, s.View, idle)
	var te *target.Error
	if errors.As(err, &te) && te.Code == target.CodeNotFound {
		return append(out, target.Obstacle{What: te.Message, Remedy: te.Remedy}), nil
	}
	return append(out, answer.Obstacles...), err
}

// settings looks for what in HAProxy's own configuration would make weights mean
// something else than they say.
func (t *Target) settings(v haproxy.View) []target.Obstacle {
	var out []target.Obstacle
	add := func(remedy, format string, args ...any) {
		out = append(out, target.Obstacle{What: fmt.Sprintf(format, args...), Remedy: remedy})
	}
	if v.Level != "admin" {
		add(levelRemedy, "the socket %s has the level %s, and weights can be set at level admin only", t.site.Client.Socket(), v.Level)
	}
	for _, k := range t.kept() {
		if err := k.writable(); err != nil {
			add(k.remedy, "%s cannot be written: %v", k.what, err)
		}
	}
	if t.config.CohortMap != "" && !v.Map.Loaded {
		add(mapRemedy(t.config.CohortMap), "HAProxy has no map of the name %s, so no cohort could be sent to an arm", t.config.CohortMap)
	}
	if v.Memory.Admin != haproxy.Maint {
		add("add \"disabled\" to its line in haproxy.cfg", "the memory %s is not in maintenance, so it could be sent traffic", v.Memory.ID())
	}
	if len(v.Strangers) > 0 {
		add("name them in arms, or move them to another backend", "%s would take traffic and are in neither arm", ids(v.Strangers))
	}
	all := append(v.All(haproxy.Blue), v.All(haproxy.Green)...)
	if len(all) > MaxServers {
		add("make a release of each part", "the backends have %d servers, and one line of commands reaches %d", len(all), MaxServers)
	}
	for _, rule := range []struct {
		bad    func(haproxy.Server) bool
		what   string
		remedy string
	}{
		{func(s haproxy.Server) bool { return !s.Checked }, "have no health check, so nobody can say whether they are up", "add \"check\" to their lines in haproxy.cfg"},
		{func(s haproxy.Server) bool { return s.Backup }, "are backup servers, which serve only when no other does", "remove \"backup\" from their lines in haproxy.cfg"},
		{func(s haproxy.Server) bool { return s.Cookie }, "keep their clients by a cookie, whatever their weight is, so that a rollback would not reach those", "remove \"cookie\" from the backend, or keep sessions outside of the servers"},
		{func(s haproxy.Server) bool { return !splits(s.Algorithm) }, "are in a backend whose balance is not by weight for each request", "use balance roundrobin"},
	} {
		if bad := slices.DeleteFunc(slices.Clone(all), func(s haproxy.Server) bool { return !rule.bad(s) }); len(bad) > 0 {
			add(rule.remedy, "%s %s", ids(bad), rule.what)
		}
	}
	for _, g := range []haproxy.Group{haproxy.Blue, haproxy.Green} {
		for _, servers := range v.Groups[g] {
			if slices.ContainsFunc(servers, func(s haproxy.Server) bool { return s.InitialWeight != servers[0].InitialWeight }) {
				add("give them the same weight in haproxy.cfg", "the servers of the arm %s in %s have different weights in haproxy.cfg, and a rollout gives all of an arm the same", g, servers[0].Backend)
			}
		}
	}
	return out
}

// splits reports whether an algorithm gives each server its weight's share of the
// requests. Hashing does so only over many clients, leastconn only under load,
// and the static ones do not change at run time. A socket below the level
// operator does not tell.
func splits(algorithm string) bool {
	return algorithm == "" || algorithm == "roundrobin" || algorithm == "random"
}

func ids(servers []haproxy.Server) string {
	var names []string
	for _, s := range servers {
		names = append(names, s.ID())
	}
	return strings.Join(names, ", ")
}
