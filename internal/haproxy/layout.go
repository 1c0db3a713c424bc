package haproxy

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/field"
)

// Group is one of the two sets of servers that take turns at being the baseline.
type Group string

// The two groups. Which of them is the baseline changes with each release.
const (
	Blue  Group = "blue"
	Green Group = "green"
)

// Other gives the other group.
func (g Group) Other() Group {
	if g == Blue {
		return Green
	}
	return Blue
}

// Layout is the part of the configuration that target and signal share: where
// HAProxy is, and which of its servers stand for what.
type Layout struct {
	// Socket is the stats socket: "unix:///run/haproxy/admin.sock" or
	// "tcp://10.0.0.5:9999".
	Socket string `json:"socket"`
	// Backends move together.
	Backends []string `json:"backends"`
	// Arms names the servers of the two groups, in each backend.
	Arms *Arms `json:"arms"`
	// Memory is the server whose weight says which group is the baseline, as
	// "backend/server". It takes no traffic.
	Memory string `json:"memory"`
	// Timeout bounds one conversation with HAProxy: a duration such as "5s". Empty
	// means DefaultTimeout.
	Timeout string `json:"timeout,omitempty"`
}

// Arms holds the names of servers; a star stands for any characters.
type Arms struct {
	Blue  []string `json:"blue"`
	Green []string `json:"green"`
}

// DefaultTimeout bounds one conversation when the author does not say.
const DefaultTimeout = 5 * time.Second

// The range of timeouts.
const (
	minTimeout = 100 * time.Millisecond
	maxTimeout = time.Minute
)

const (
	exampleSocket = "; for example \"unix:///run/haproxy/admin.sock\" or \"tcp://10.0.0.5:9999\""
	exampleArms   = "; for example { blue = [\"blue-*\"], green = [\"green-*\"] }"
	exampleMemory = "; for example \"sluice_checkout/baseline\""
)

// identifier is what HAProxy allows in the name of a proxy or a server. Anything
// else could end a command and begin another.
var identifier = regexp.MustCompile(`^[A-Za-z0-9_.:-]+$`)

var pattern = regexp.MustCompile(`^[A-Za-z0-9_.:*-]+$`)

// Validate checks a layout without touching anything.
func (l Layout) Validate() field.Errors {
	var errs field.Errors
	add := func(path, msg string) {
		if msg != "" {
			errs = append(errs, field.Error{Path: path, Msg: msg})
		}
	}
	add("socket", socketProblem(l.Socket))
	if len(l.Backends) == 0 {
		add("backends", "no backend is named; name each that sends traffic to the service, for example [\"checkout\"]")
	}
	for i, name := range l.Backends {
		at := fmt.Sprintf("backends[%d]", i)
		switch {
		case !identifier.MatchString(name):
			add(at, fmt.Sprintf("%q is not the name of a backend; letters, digits and - _ . : are allowed, for example \"checkout\"", name))
		case slices.Index(l.Backends, name) < i:
			add(at, fmt.Sprintf("%q is named twice", name))
		}
	}
	errs = append(errs, l.Arms.validate().Under("arms")...)
	add("memory", l.memoryProblem())
	if _, err := l.timeout(); err != nil {
		add("timeout", err.Error())
	}
	return errs
}

func (a *Arms) validate() field.Errors {
	if a == nil {
		return field.Errors{{Msg: "the arms are missing; name the servers of both groups" + exampleArms}}
	}
	var errs field.Errors
	for _, g := range []Group{Blue, Green} {
		names := a.Of(g)
		if len(names) == 0 {
			errs = append(errs, field.Error{Path: string(g), Msg: "no server is named; a group needs at least one" + exampleArms})
		}
		for i, name := range names {
			at := fmt.Sprintf("%s[%d]", g, i)
			switch {
			case !pattern.MatchString(name):
				errs = append(errs, field.Error{Path: at, Msg: fmt.Sprintf("%q is not the name of a server; letters, digits and - _ . : are allowed, and * for any of them%s", name, exampleArms)})
			case g == Green && slices.Contains(a.Blue, name):
				errs = append(errs, field.Error{Path: at, Msg: fmt.Sprintf("%q is in both groups; a server runs one version at a time, so it must be in one%s", name, exampleArms)})
			}
		}
	}
	return errs
}

// Of gives the names of one group.
func (a *Arms) Of(g Group) []string {
	if g == Blue {
		return a.Blue
	}
	return a.Green
}

// has reports whether a server belongs to the group.
func (a *Arms) has(g Group, server string) bool {
	return slices.ContainsFunc(a.Of(g), func(p string) bool {
		ok, err := path.Match(p, server)
		return err == nil && ok
	})
}

func (l Layout) memoryProblem() string {
	backend, server, ok := strings.Cut(l.Memory, "/")
	switch {
	case l.Memory == "":
		return "the memory is missing; name a server that takes no traffic and whose weight may say which arm is the baseline" + exampleMemory
	case !ok || !identifier.MatchString(backend) || !identifier.MatchString(server):
		return fmt.Sprintf("%q does not name a server as backend/server%s", l.Memory, exampleMemory)
	case slices.Contains(l.Backends, backend):
		return fmt.Sprintf("the backend %q takes traffic; the memory needs a backend that no frontend uses%s", backend, exampleMemory)
	}
	return ""
}

func socketProblem(socket string) string {
	network, address, ok := strings.Cut(socket, "://")
	switch {
	case socket == "":
		return "the socket is empty; it must be the stats socket of HAProxy" + exampleSocket
	case !ok || network != "unix" && network != "tcp":
		return fmt.Sprintf("%q begins with neither unix:// nor tcp://%s", socket, exampleSocket)
	case strings.ContainsAny(address, " \t\r\n\x00@?#"):
		return "the socket's address holds a character that none has" + exampleSocket
	case network == "unix" && !strings.HasPrefix(address, "/"):
		return fmt.Sprintf("%q is not an absolute path, so it would mean another file in another folder%s", address, exampleSocket)
	case network == "tcp" && !hostPort.MatchString(address):
		return fmt.Sprintf("%q is not a host and a port%s", address, exampleSocket)
	}
	return ""
}

var hostPort = regexp.MustCompile(`^([A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}$`)

func (l Layout) timeout() (time.Duration, error) {
	if l.Timeout == "" {
		return DefaultTimeout, nil
	}
	d, err := time.ParseDuration(l.Timeout)
	if err != nil || d < minTimeout || d > maxTimeout {
		return 0, fmt.Errorf("%q is not a duration between %s and %s; for example \"5s\"", l.Timeout, minTimeout, field.FormatDuration(maxTimeout))
	}
	return d, nil
}

// ErrLayout means that HAProxy does not have what the configuration names.
var ErrLayout = errors.New("HAProxy does not have what the configuration names")
