package timeline

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Plan is a release that is to be walked.
type Plan struct {
	From   time.Time
	Stages []Stage
	// Without gives the stages as they were without one window; nil where nobody can
	// tell.
	Without func(window string) []Stage
}

// Verdict says whether a deadline can be met.
type Verdict struct {
	Timeline Timeline
	// Reachable is false also when nothing ever opens. Without a deadline it is true
	// when there is a finish.
	Reachable bool
	// Reason says why not: which window or soak stands in the way, and the earliest
	// finish where there is one. Empty when it is reachable.
	Reason string
	// Never is set when the release cannot get through at all.
	Never *NeverError
}

// Judge walks a plan and holds it against a deadline; zero means none. The error is
// of windows that cannot be told.
func (p Plan) Judge(deadline time.Time) (Verdict, error) {
	t, err := Walk(p.From, p.Stages)
	v := Verdict{Timeline: t}
	switch {
	case errors.As(err, &v.Never):
		v.Reason = v.Never.Error()
		return v, nil
	case err != nil:
		return v, err
	case deadline.IsZero() || !t.Finish().After(deadline):
		v.Reachable = true
		return v, nil
	}
	v.Reason = fmt.Sprintf("the earliest finish is %s, which is %s behind the deadline %s. In the way: %s",
		instant(t.Finish()), duration(t.Finish().Sub(deadline)), instant(deadline.In(t.Finish().Location())), p.culprits(t, deadline))
	return v, nil
}

// culprits says which window or soak alone makes the deadline impossible, or, where
// none does, what takes how long.
func (p Plan) culprits(t Timeline, deadline time.Time) string {
	meets := func(stages []Stage) (time.Time, bool) {
		other, err := Walk(p.From, stages)
		return other.Finish(), err == nil && !other.Finish().After(deadline)
	}
	var found []string
	for _, w := range t.windows() {
		if p.Without == nil {
			break
		}
		if finish, ok := meets(p.Without(w.Window)); ok {
			found = append(found, fmt.Sprintf("%s, from %s until %s, and but for that it would finish at %s", w.Reason, instant(w.From), instant(w.Until), instant(finish)))
		}
	}
	for i, s := range p.Stages[:max(len(p.Stages)-1, 0)] {
		if s.Soak == 0 {
			continue
		}
		stages := slices.Clone(p.Stages)
		stages[i].Soak = 0
		if finish, ok := meets(stages); ok {
			found = append(found, fmt.Sprintf("the soak of %s in %s, and but for that it would finish at %s", duration(s.Soak), s.Environment, instant(finish)))
		}
	}
	if len(found) > 0 {
		return strings.Join(found, "; ")
	}
	return p.sums(t, deadline)
}

// windows are the waits for windows, the longest of each window, longest first.
func (t Timeline) windows() []Wait {
	var out []Wait
	for _, w := range t.Waits() {
		if w.Step == 0 {
			continue
		}
		i := slices.IndexFunc(out, func(o Wait) bool { return o.Window == w.Window })
		switch {
		case i < 0:
			out = append(out, w)
		case w.Length() > out[i].Length():
			out[i] = w
		}
	}
	slices.SortStableFunc(out, func(a, b Wait) int { return int(b.Length()/time.Second - a.Length()/time.Second) })
	return out
}

// sums says what takes how long, where no single thing is to blame.
func (p Plan) sums(t Timeline, deadline time.Time) string {
	var takes, soak, closed time.Duration
	for _, s := range p.Stages {
		takes += s.Takes()
	}
	for _, w := range t.Waits() {
		if w.Step == 0 {
			soak += w.Length()
		} else {
			closed += w.Length()
		}
	}
	text := fmt.Sprintf("the rollouts take %s, the soak between them %s, and windows close for %s", duration(takes), duration(soak), duration(closed))
	if room := deadline.Sub(p.From); takes > room {
		return text + fmt.Sprintf("; the rollouts alone do not fit into the %s that there are", duration(max(room, 0)))
	}
	if takes+soak > deadline.Sub(p.From) {
		return text + "; rollouts and soak alone do not fit"
	}
	if names := t.names(); len(names) > 0 {
		text += "; no single window is to blame: " + strings.Join(names, ", ")
	}
	return text
}

// names are the windows that were waited for.
func (t Timeline) names() []string {
	var out []string
	for _, w := range t.windows() {
		out = append(out, fmt.Sprintf("%q", w.Window))
	}
	return out
}
