package haproxy

import (
	"fmt"
	"slices"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/haproxy"
)

func setWeight(s haproxy.Server, weight int) string {
	return fmt.Sprintf("set server %s weight %d", s.ID(), weight)
}

func setState(s haproxy.Server, state haproxy.Admin) string {
	return fmt.Sprintf("set server %s state %s", s.ID(), state)
}

// states brings servers into one state.
func states(servers []haproxy.Server, state haproxy.Admin) []string {
	var out []string
	for _, s := range servers {
		if s.Admin != state {
			out = append(out, setState(s, state))
		}
	}
	return out
}

// admitted makes servers ready without traffic: first the weight, then the state.
func admitted(servers []haproxy.Server) []string {
	var out []string
	for _, s := range servers {
		out = append(out, setWeight(s, 0))
		if s.Admin != haproxy.Ready {
			out = append(out, setState(s, haproxy.Ready))
		}
	}
	return out
}

func allReady(servers []haproxy.Server) bool {
	return !slices.ContainsFunc(servers, func(s haproxy.Server) bool { return s.Admin != haproxy.Ready })
}

// label says in words what servers run.
func (t told) label() string {
	switch {
	case t.differ:
		return "different artifacts"
	case t.payload.IsZero():
		return "something unknown"
	}
	return t.payload.Label()
}

func notThere(p artifact.Payload, g haproxy.Group, runs told) string {
	text := fmt.Sprintf("%s (%s) does not run on the idle arm %s, which runs %s", p.Label(), artifact.Short(p.Digest()), g, runs.label())
	if runs.why != "" {
		text += ": " + runs.why
	}
	return text
}

func bringIt(g haproxy.Group) string {
	return fmt.Sprintf("deploy it to the servers of the arm %s, which take no traffic, and apply again; or give the target a command that does so: install = { command = [...] }", g)
}
