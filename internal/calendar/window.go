// Package calendar says when changes may go forward: windows that allow or
// freeze, in local time of an IANA zone, and the state at any instant.
//
// The package is pure. It never reads a clock: every function takes the instant
// it speaks of. What cannot be evaluated is closed and unknown, never open.
//
// A zone's rules come from the machine's zone database, or from the one that is
// embedded here where the machine has none.
package calendar

import (
	"slices"
	_ "time/tzdata" // A machine without a zone database must not turn a window into an error.
)

// Kind says what a window does while it is on.
type Kind string

const (
	// Allow permits changes while the window is on; once one is in scope,
	// changes are closed outside all of them.
	Allow Kind = "allow"
	// Freeze forbids changes while the window is on, and beats every allow.
	Freeze Kind = "freeze"
)

// DSTGap says what becomes of an occurrence whose start falls into the hour
// that is left out when clocks go forward.
type DSTGap string

const (
	// Shift keeps the occurrence, read so that more is closed rather than less:
	// a freeze starts at the moment the clocks jump, an allow as much after it as
	// the written time lies in the gap (02:30 becomes 03:30, RFC 5545 3.3.5).
	Shift DSTGap = "shift"
	// Skip leaves the occurrence out (RFC 5545 3.3.10).
	Skip DSTGap = "skip"
)

// Window is a declared object: when changes may (allow) or may not (freeze) go
// forward for what is in scope. It is stored in the ledger as JSON, and passed
// as a definition. Decode reads it back; Validate says what is wrong with one.
type Window struct {
	// Name identifies the window: 1 to 128 characters, no slash, no control characters.
	Name string `json:"name"`
	// Kind is Allow or Freeze.
	Kind Kind `json:"kind"`
	// TimeZone is an IANA name such as "Europe/Berlin" or "UTC".
	TimeZone string `json:"time_zone"`
	// Reason tells the person who is stopped why; optional.
	Reason string `json:"reason,omitempty"`
	// Owner names whom to ask; optional.
	Owner string `json:"owner,omitempty"`
	// Severity is "low", "medium", "high", "critical" or empty; nothing depends on it yet.
	Severity string `json:"severity,omitempty"`
	// Overrun lets a rollout that began while changes were open go on when this window closes them.
	Overrun bool `json:"overrun,omitempty"`
	// DSTGap is Shift or Skip. Empty means Shift for a freeze and Skip for an allow.
	DSTGap DSTGap `json:"dst_gap,omitempty"`
	// Absolute holds spans that come once; at most MaxSpans.
	Absolute []Span `json:"absolute,omitempty"`
	// Weekly holds times that come every week; at most MaxWeekly.
	Weekly []Weekly `json:"weekly,omitempty"`
	// Recurrence holds times that come by a rule of RFC 5545; at most MaxRecurrences.
	Recurrence []Recurrence `json:"recurrence,omitempty"`
	// Events holds times that have a zone or a summary of their own, as those of an
	// imported calendar do; at most MaxEvents.
	Events []Event `json:"events,omitempty"`
	// Regulation names the rule that asks for the window, for people; optional.
	Regulation string `json:"regulation,omitempty"`
	// OverrideBy holds who may override the window, as patterns of actors, in which
	// "*" stands for any text; at most MaxScope. Nil means anybody, and an empty
	// list nobody.
	OverrideBy []string `json:"override_by,omitzero"`
	// Scope says what the window holds for; empty means everything.
	Scope Scope `json:"scope,omitzero"`

	// Above is the organisational scope that declares the window, where that lies above
	// the one that asks: "acme". Name then begins with it and a slash, so that two
	// windows of one name differ. The allows of each scope must be open by themselves.
	// It belongs to the look upwards and not to the window, so no JSON has it.
	Above string `json:"-"`
}

// Limits of one window, so that a state takes bounded time.
const (
	// MaxSpans is the largest number of entries in Window.Absolute.
	MaxSpans = 1000
	// MaxWeekly is the largest number of entries in Window.Weekly.
	MaxWeekly = 100
	// MaxScope is the largest number of entries in each part of a Scope.
	MaxScope = 1000
)

// Span is on from StartsAt until just before EndsAt. Each is one of
//   - an instant with its offset, RFC 3339: "2026-12-24T18:00:00+01:00";
//   - a local time in the window's zone: "2026-12-24T18:00:00" or "2026-12-24T18:00";
//   - a day in the window's zone: "2026-12-24". A day in StartsAt means from its
//     first moment, a day in EndsAt means through its last: from "2026-12-24"
//     until "2026-12-26" is three whole days, whatever the clocks do.
//
// Years run from 1970 to 2199; fractions of a second are refused.
type Span struct {
	StartsAt string `json:"starts_at"`
	EndsAt   string `json:"ends_at"`
}

// Weekly is on from From until just before To on each of Days, in the window's
// zone. When To is earlier than From it means To on the following day, and Days
// names the day on which it starts.
type Weekly struct {
	// Days holds "monday" to "sunday" or "mon" to "sun", each at most once.
	Days []string `json:"days"`
	// From is "00:00" to "23:59".
	From string `json:"from"`
	// To is "00:00" to "24:00", and not the same as From.
	To string `json:"to"`
}

// Scope selects subjects by exact names. Parts that are given must all match;
// a part matches when one of its entries does. Every label must match.
type Scope struct {
	Environments []string `json:"environments,omitempty"`
	Tiers        []string `json:"tiers,omitempty"`
	Services     []string `json:"services,omitempty"`
	// Regions are where the environment runs. A subject in several regions is open
	// when each of them is.
	Regions []string `json:"regions,omitempty"`
	// Teams own the services.
	Teams  []string          `json:"teams,omitempty"`
	Labels map[string]string `json:"labels,omitempty"`
	// DependsOn are services and external dependencies: the scope holds what needs
	// one of them, directly or through other services.
	DependsOn []string `json:"depends_on,omitempty"`
}

// Subject is what a state is asked for: one service in one environment.
type Subject struct {
	Service     string
	Environment string
	// Tier is the environment's tier; empty matches no scope that names tiers.
	Tier string
	// Regions are the environment's; without any, no scope that names regions matches.
	Regions []string
	// Team owns the service; empty matches no scope that names teams.
	Team string
	// Labels are those of the service and the environment together.
	Labels map[string]string
	// DependsOn names all that the service needs, directly or through other services.
	DependsOn []string
	// Undecided says, of names that DependsOn lacks, why nobody can tell whether the
	// service depends on them. Where a window would close for that, the state is
	// closed and unknown.
	Undecided map[string]string
}

// Matches says whether the subject is in scope. The empty scope holds everything.
func (s Scope) Matches(sub Subject) bool {
	if !oneOf(s.Environments, sub.Environment) || !oneOf(s.Tiers, sub.Tier) || !oneOf(s.Services, sub.Service) || !oneOf(s.Teams, sub.Team) {
		return false
	}
	if len(s.Regions) > 0 && !slices.ContainsFunc(sub.Regions, func(region string) bool { return slices.Contains(s.Regions, region) }) {
		return false
	}
	if len(s.DependsOn) > 0 && !slices.ContainsFunc(sub.DependsOn, func(name string) bool { return slices.Contains(s.DependsOn, name) }) {
		return false
	}
	for key, want := range s.Labels {
		if got, ok := sub.Labels[key]; !ok || got != want {
			return false
		}
	}
	return true
}

// oneOf says whether the part is absent or holds the name.
func oneOf(part []string, name string) bool {
	return len(part) == 0 || slices.Contains(part, name)
}

// gap returns the effective treatment of a start that does not exist.
func (w Window) gap() DSTGap {
	if w.DSTGap != "" {
		return w.DSTGap
	}
	if w.Kind == Allow {
		return Skip
	}
	return Shift
}
