// Package timeline says when a release can be through its environments at the
// earliest: it walks the strategies one after the other, waits where a window says
// so, and keeps the soak between them. It is pure but for Past, which reads what
// earlier rollouts took.
package timeline

import (
	"errors"
	"fmt"
	"time"
)

// Answer is what the windows say at one instant.
type Answer struct {
	Open bool
	// Next is the next instant at which the answer may be another; zero when there is
	// none within ten years.
	Next time.Time
	// Window names the window that closes, and Reason says so in words.
	Window, Reason string
}

// Windows answers for one environment. Started is when the rollout began, zero
// before: a window that lets what began finish outside needs it. It may be asked
// about any instant, and an error means that nobody can tell.
type Windows func(at, started time.Time) (Answer, error)

// Stage is the release in one environment.
type Stage struct {
	Environment string
	Windows     Windows
	// Legs are what the rollout does, in order. Before each of them the gates are
	// asked, as the engine does before each step; none is ever cut short.
	Legs []time.Duration
	// Basis says where the legs' lengths come from, for people.
	Basis string
	// Soak is how long the release must have been in this environment, after its
	// finish, before the next one begins.
	Soak time.Duration
}

// Takes is how long the rollout lasts when nothing holds it up.
func (s Stage) Takes() time.Duration {
	var sum time.Duration
	for _, l := range s.Legs {
		sum += l
	}
	return sum
}

// Wait is a stretch in which nothing moves forward.
type Wait struct {
	From, Until time.Time
	// Window is the one that closes; empty for a soak.
	Window string
	Reason string
	// Step is the number of the leg that waits, from 1 on; 0 for a soak.
	Step int
}

// Length is how long it lasts.
func (w Wait) Length() time.Duration { return w.Until.Sub(w.From) }

// Passage is a stage with its times.
type Passage struct {
	Stage
	// Ready is when it could begin if there were no windows.
	Ready         time.Time
	Start, Finish time.Time
	// Waits are those before the start and those in mid-rollout, in order.
	Waits []Wait
}

// Interrupted are the waits in mid-rollout: the new artifact has a part of the
// traffic meanwhile.
func (p Passage) Interrupted() []Wait {
	var out []Wait
	for _, w := range p.Waits {
		if w.Step > 1 {
			out = append(out, w)
		}
	}
	return out
}

// Timeline is a release through all its environments.
type Timeline struct {
	From     time.Time
	Passages []Passage
}

// Finish is when the last environment has it.
func (t Timeline) Finish() time.Time {
	if len(t.Passages) == 0 {
		return t.From
	}
	return t.Passages[len(t.Passages)-1].Finish
}

// Waits are those of all environments, with the soak between them.
func (t Timeline) Waits() []Wait {
	var out []Wait
	for i, p := range t.Passages {
		out = append(out, p.Waits...)
		if i < len(t.Passages)-1 && p.Soak > 0 {
			out = append(out, Wait{From: p.Finish, Until: p.Finish.Add(p.Soak), Reason: "soak in " + p.Environment})
		}
	}
	return out
}

// NeverError says that a window never opens again, so that nothing behind it has a
// time.
type NeverError struct {
	Environment string
	At          time.Time
	Window      string
	Reason      string
	Step        int
}

// Error implements error.
func (e *NeverError) Error() string {
	what := "it can never start in " + e.Environment
	if e.Step > 1 {
		what = fmt.Sprintf("it starts in %s and can never go on with step %d", e.Environment, e.Step)
	}
	return fmt.Sprintf("%s: %s, from %s on and for at least ten years", what, e.Reason, instant(e.At))
}

// errTurns bounds the waits of one leg. Windows that open for a moment again and
// again let a leg begin in the first of them, so that more than a few turns mean
// that an answer contradicts itself.
var errTurns = errors.New("the windows do not say when they open")

const maxTurns = 1000

// Walk computes the earliest times from an instant on. A *NeverError comes with
// the passages before it.
func Walk(from time.Time, stages []Stage) (Timeline, error) {
	t := Timeline{From: from}
	ready := from
	for _, s := range stages {
		p, err := pass(s, ready)
		if err != nil {
			return t, err
		}
		t.Passages = append(t.Passages, p)
		ready = p.Finish.Add(s.Soak)
	}
	return t, nil
}

// pass walks one stage.
func pass(s Stage, ready time.Time) (Passage, error) {
	p := Passage{Stage: s, Ready: ready}
	legs := s.Legs
	if len(legs) == 0 {
		legs = []time.Duration{0}
	}
	at := ready
	for i, leg := range legs {
		opened, waits, err := s.open(at, p.Start, i+1)
		if err != nil {
			return p, err
		}
		p.Waits = append(p.Waits, waits...)
		if i == 0 {
			p.Start = opened
		}
		at = opened.Add(leg)
	}
	p.Finish = at
	return p, nil
}

// open is when a leg may begin, and what it waited for.
func (s Stage) open(at, started time.Time, step int) (time.Time, []Wait, error) {
	var waits []Wait
	for range maxTurns {
		a, err := s.Windows(at, started)
		switch {
		case err != nil:
			return at, nil, fmt.Errorf("nobody can tell whether %s is open: %w", s.Environment, err)
		case a.Open:
			return at, waits, nil
		case a.Next.IsZero():
			return at, nil, &NeverError{Environment: s.Environment, At: at, Window: a.Window, Reason: a.Reason, Step: step}
		case !a.Next.After(at):
			return at, nil, fmt.Errorf("%s: %w", s.Environment, errTurns)
		}
		// One zone for all, whatever zones the windows have.
		next := a.Next.In(at.Location())
		waits = append(waits, Wait{From: at, Until: next, Window: a.Window, Reason: a.Reason, Step: step})
		at = next
	}
	return at, nil, fmt.Errorf("%s: %w", s.Environment, errTurns)
}

// instant writes a time with the name of its zone.
func instant(at time.Time) string { return at.Format("2006-01-02 15:04 ") + at.Location().String() }
