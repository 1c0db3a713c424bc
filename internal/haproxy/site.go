package haproxy

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Site is a HAProxy, seen through a layout.
type Site struct {
	Layout Layout
	Client *Client
	// Map is the name of a map, as it stands in haproxy.cfg, that Read shall tell;
	// empty for none.
	Map string
}

// NewSite makes a site of a layout that Validate has passed. It does not connect.
func NewSite(l Layout) (*Site, error) {
	timeout, err := l.timeout()
	if err != nil {
		return nil, err
	}
	return &Site{Layout: l, Client: NewClient(l.Socket, timeout)}, nil
}

// View is what HAProxy said at one moment, in the words of a layout.
type View struct {
	Snapshot
	// Groups holds the servers of each group, by backend in the order of the
	// layout.
	Groups map[Group][][]Server
	// Memory is the server that remembers.
	Memory Server
	// Strangers are servers of the backends that are in neither group.
	Strangers []Server
	layout    Layout
}

// Read carries out commands, which may be none, and says how HAProxy is
// afterwards, in one conversation.
func (s *Site) Read(ctx context.Context, commands ...string) (View, error) {
	asked := append(slices.Clone(commands), questions...)
	if s.Map != "" {
		asked = append(asked, "show map "+s.Map)
	}
	answer, err := s.Client.Do(ctx, asked...)
	if err != nil {
		return View{}, err
	}
	// HAProxy begins with an empty line when the first command has no words.
	snapshot, err := parse(answer)
	if err != nil {
		return View{}, err
	}
	if s.Map == "" {
		snapshot.Map = Map{}
	}
	v := View{Snapshot: snapshot, Groups: map[Group][][]Server{}, layout: s.Layout}
	return v, v.sort()
}

// sort puts the servers into their groups.
func (v *View) sort() error {
	var missing []string
	for _, backend := range v.layout.Backends {
		servers, ok := v.Servers[backend]
		if !ok {
			missing = append(missing, fmt.Sprintf("the backend %q (it has %s)", backend, quoted(v.Servers)))
			continue
		}
		found := map[Group][]Server{}
		for _, srv := range servers {
			blue, green := v.layout.Arms.has(Blue, srv.Name), v.layout.Arms.has(Green, srv.Name)
			switch {
			case blue && green:
				missing = append(missing, fmt.Sprintf("one group for the server %s, which is in both", srv.ID()))
			case blue:
				found[Blue] = append(found[Blue], srv)
			case green:
				found[Green] = append(found[Green], srv)
			default:
				v.Strangers = append(v.Strangers, srv)
			}
		}
		for _, g := range []Group{Blue, Green} {
			if len(found[g]) == 0 {
				missing = append(missing, fmt.Sprintf("servers of the arm %s (%s) in the backend %q", g, strings.Join(v.layout.Arms.Of(g), ", "), backend))
			}
			v.Groups[g] = append(v.Groups[g], found[g])
		}
	}
	backend, name, _ := strings.Cut(v.layout.Memory, "/")
	i := slices.IndexFunc(v.Servers[backend], func(s Server) bool { return s.Name == name })
	if i < 0 {
		missing = append(missing, fmt.Sprintf("the server %s, which is to remember the baseline", v.layout.Memory))
	} else {
		v.Memory = v.Servers[backend][i]
	}
	if len(missing) > 0 {
		return fmt.Errorf("%w: %s", ErrLayout, strings.Join(missing, "; "))
	}
	return nil
}

func quoted(backends map[string][]Server) string {
	var names []string
	for name := range backends {
		names = append(names, fmt.Sprintf("%q", name))
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// All gives the servers of a group in all backends.
func (v View) All(g Group) []Server { return slices.Concat(v.Groups[g]...) }

// Part gives those that are not in maintenance.
func (v View) Part(g Group) []Server {
	return slices.DeleteFunc(v.All(g), func(s Server) bool { return s.Admin == Maint })
}

// Stage is the administrative state of a group: Maint when none of its servers
// takes part, Drain when all that do are being drained, otherwise Ready.
func (v View) Stage(g Group) Admin {
	part := v.Part(g)
	switch {
	case len(part) == 0:
		return Maint
	case slices.ContainsFunc(part, func(s Server) bool { return s.Admin == Ready }):
		return Ready
	default:
		return Drain
	}
}

// The weights of the memory.
const (
	rememberNone  = 0
	rememberBlue  = 1
	rememberGreen = 2
)

// Remember gives the command that makes a group the baseline, or none of them.
func (v View) Remember(g Group) string {
	weight := map[Group]int{Blue: rememberBlue, Green: rememberGreen}[g]
	return fmt.Sprintf("set server %s weight %d", v.Memory.ID(), weight)
}

// Roles says which group is in which arm. Either is empty where nothing is.
//
// The baseline is the group that the memory names, unless all of it is in
// maintenance. The other group is the canary while it is ready; drained, it is
// an old arm that is kept warm, and in maintenance it is out.
func (v View) Roles() (baseline, canary Group, err error) {
	switch v.Memory.Weight {
	case rememberBlue:
		baseline = Blue
	case rememberGreen:
		baseline = Green
	case rememberNone:
		return v.first()
	default:
		return "", "", fmt.Errorf("the memory %s has the weight %d, which nobody but a person can have given it; it must be 0 (no baseline yet), 1 (blue) or 2 (green)", v.Memory.ID(), v.Memory.Weight)
	}
	if other := baseline.Other(); v.Stage(other) == Ready {
		canary = other
	}
	if v.Stage(baseline) == Maint {
		baseline = ""
	}
	return baseline, canary, nil
}

// first is for a service that has never had a baseline.
func (v View) first() (baseline, canary Group, err error) {
	blue, green := v.Stage(Blue) == Ready, v.Stage(Green) == Ready
	switch {
	case blue && green:
		return "", "", fmt.Errorf("both arms are ready and the memory %s names no baseline; say which one serves: set server %s weight 1 for blue, 2 for green", v.Memory.ID(), v.Memory.ID())
	case blue:
		return "", Blue, nil
	case green:
		return "", Green, nil
	}
	return "", "", nil
}
