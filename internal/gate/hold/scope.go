package hold

import (
	"fmt"
	"strings"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
)

// Scope says what a hold stops. Its text is also the name of the declared object.
type Scope string

// Everything is the scope that stops every release.
const Everything Scope = "all"

// The beginnings of the narrower scopes.
const (
	environmentPrefix = "environment/"
	servicePrefix     = "service/"
	releasePrefix     = "release/"
)

const allowed = "; a scope is all, environment/NAME, service/NAME or release/SERVICE/ENVIRONMENT, for example \"environment/production\""

// OfEnvironment is the scope of every release in one environment.
func OfEnvironment(name string) Scope { return Scope(environmentPrefix + name) }

// OfService is the scope of one service in every environment.
func OfService(name string) Scope { return Scope(servicePrefix + name) }

// OfRelease is the scope of one service in one environment.
func OfRelease(service, environment string) Scope {
	return Scope(releasePrefix + service + "/" + environment)
}

// ParseScope reads a scope. Its error says what was wrong, what is allowed, and
// gives an example.
func ParseScope(text string) (Scope, error) {
	if msg := Scope(text).problem(); msg != "" {
		return "", fmt.Errorf("%s%s", msg, allowed)
	}
	return Scope(text), nil
}

// problem says what is wrong with the scope, or nothing.
func (s Scope) problem() string {
	text := string(s)
	kind, rest, slash := strings.Cut(text, "/")
	names := strings.Split(rest, "/")
	want := 1
	switch {
	case text == "":
		return "the scope is empty"
	case kind == "all" && !slash:
		return ""
	case kind == "all":
		return fmt.Sprintf("the scope %q says more than all", text)
	case kind == "release":
		want = 2
	case kind != "environment" && kind != "service":
		return fmt.Sprintf("the scope %q begins with %q, which is no kind of scope", text, kind)
	}
	if !slash || len(names) != want {
		return fmt.Sprintf("the scope %q has %d names where %s wants %d", text, count(slash, names), kind, want)
	}
	for _, name := range names {
		if msg := field.Name(name); msg != "" {
			return fmt.Sprintf("in the scope %q %s", text, msg)
		}
	}
	return ""
}

func count(slash bool, names []string) int {
	if !slash {
		return 0
	}
	return len(names)
}

// Matches says whether a hold of this scope stops the subject. Names are compared
// exactly.
func (s Scope) Matches(subject gate.Subject) bool {
	switch s {
	case Everything, OfEnvironment(subject.Environment), OfService(subject.Service),
		OfRelease(subject.Service, subject.Environment):
		return true
	default:
		return false
	}
}

// String gives the text that ParseScope reads.
func (s Scope) String() string { return string(s) }

// words say what is on hold, for a sentence.
func (s Scope) words() string {
	kind, rest, _ := strings.Cut(string(s), "/")
	switch kind {
	case "all":
		return "everything is on hold"
	case "release":
		service, environment, _ := strings.Cut(rest, "/")
		return service + " in " + environment + " is on hold"
	default:
		return "the " + kind + " " + rest + " is on hold"
	}
}
