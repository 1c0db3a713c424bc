package cloudwatch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// Counts implements signal.Source with one request. Whole minutes are counted, from
// the first that begins after Since, up to the delay before Until. While no minute is
// new, and while CloudWatch has nothing of any arm in the new ones, the answer is not
// primed and its cursor is the old one: that is late and not "no data".
func (s *source) Counts(ctx context.Context, req signal.Request) (signal.Counts, error) {
	queries, err := s.queries(req.Queries)
	if err != nil {
		return signal.Counts{}, err
	}
	if req.Until.IsZero() || len(req.Cursor) == 0 && req.Since.IsZero() {
		return signal.Counts{}, errors.New("the request has no beginning or no end, and CloudWatch is asked about a time")
	}
	old, err := s.plan.openCursor(req.Cursor, req.Since)
	if err != nil {
		return signal.Counts{}, err
	}
	l := &look{plan: s.plan, req: req, old: old, next: old.clone(), batch: &batch{}}
	l.next.Through = max(old.Through, req.Until.Add(-s.plan.delay).Truncate(period).Unix())
	l.ask(queries)
	from, to := old.from(s.plan), req.Until.Truncate(period).Add(period)
	if l.data, err = s.fetch(ctx, l.batch, from, to); err != nil {
		return signal.Counts{}, err
	}
	return l.answer()
}

// look is one answer in the making.
type look struct {
	plan      *plan
	req       signal.Request
	old, next cursor
	batch     *batch
	asked     []asked
	data      map[string]series
	out       signal.Counts
}

// asked is one metric of one arm. name is what the arm is called, empty where nobody
// says so.
type asked struct {
	query
	arm  target.Arm
	name string
	ids  ids
}

func (l *look) ask(queries []query) {
	for _, q := range queries {
		for _, arm := range arms {
			a := asked{query: q, arm: arm, name: l.plan.name(arm, l.req.Arms)}
			if a.name != "" {
				a.ids = l.batch.metric(q, a.name, period)
			}
			l.asked = append(l.asked, a)
		}
	}
}

// name is what stands for ArmMark: what the author says, or what the target does. It
// is empty where nobody says so, and where the two contradict each other.
func (p *plan) name(arm target.Arm, told map[target.Arm]string) string {
	switch {
	case p.swapped(told):
		return ""
	case p.arms != nil:
		return plain(p.arms.of(arm))
	}
	return plain(told[arm])
}

// swapped is whether the target calls one arm what the author has stated for the other, as
// two target groups that change places with each release: whoever believed the author
// would judge the old version as the new one.
func (p *plan) swapped(told map[target.Arm]string) bool {
	return p.arms != nil && (plain(told[target.Baseline]) == plain(p.arms.Canary) || plain(told[target.Canary]) == plain(p.arms.Baseline))
}

func (l *look) answer() (signal.Counts, error) {
	first := len(l.req.Cursor) == 0
	if first {
		l.next.Through = l.old.Through
	}
	// What is asked before Since has nothing complete but what was before.
	l.out.CompleteThrough = earlier(time.Unix(l.next.Through, 0).UTC(), l.req.Until)
	if !first && (l.next.Through <= l.old.Through || l.late()) {
		return signal.Counts{CompleteThrough: earlier(time.Unix(l.old.Through, 0).UTC(), l.req.Until), Cursor: l.req.Cursor}, nil
	}
	if !first {
		l.count()
	}
	l.next.forget()
	raw, err := json.Marshal(l.next)
	if err != nil {
		return signal.Counts{}, fmt.Errorf("unable to write the cursor: %w", err)
	}
	l.out.Cursor = raw
	return l.out, nil
}

func (l *look) count() {
	l.out.Primed, l.out.From = true, time.Unix(l.old.Through, 0).UTC()
	for _, a := range l.asked {
		sum, reason := l.grown(a)
		if reason != "" {
			l.out.Missing = append(l.out.Missing, signal.Missing{Metric: a.metric.name, Arm: a.arm, Reason: reason})
			continue
		}
		l.out.Counts = append(l.out.Counts, signal.Count{Metric: a.metric.name, Arm: a.arm, Bad: sum.Bad, Total: sum.All})
	}
	if len(l.out.Missing) == 0 {
		l.out.Kept = l.kept()
	}
}

// late is whether CloudWatch has nothing at all in the new minutes, and had something
// not long ago: it is more often late than all users are gone at once.
func (l *look) late() bool {
	newest := int64(0)
	for _, a := range l.asked {
		newest = max(newest, l.data[a.ids.all].newest())
	}
	return newest < l.old.Through && newest > 0 && !l.stale(newest)
}

func (l *look) stale(newest int64) bool {
	return time.Duration(l.next.Through-newest)*time.Second-period > l.plan.staleAfter
}

// grown says by how much the minutes of one arm have grown, or why nobody can say.
func (l *look) grown(a asked) (sum tally, missing string) {
	if a.name == "" && l.plan.swapped(l.req.Arms) {
		return sum, fmt.Sprintf("the signal has stated arms = { baseline = %q, canary = %q }, and the target says that it is the other way round: %s; leave arms out, since the target says it anew for each rollout", l.plan.arms.Baseline, l.plan.arms.Canary, told(l.req.Arms))
	}
	if a.name == "" {
		return sum, fmt.Sprintf("nobody says what runs the %s arm: the target gives it no name; say it in the signal, for example arms = { baseline = \"7\", canary = \"8\" }", a.arm)
	}
	all := l.data[a.ids.all]
	switch newest := all.newest(); {
	case newest == 0:
		return sum, fmt.Sprintf("CloudWatch has no data point of %s in the last %s", a.text(), field.FormatDuration(max(again, l.plan.staleAfter)))
	case l.stale(newest):
		return sum, fmt.Sprintf("the newest data point of %s is of %s, and after %s without any it counts as no data (stale_after)", a.text(), time.Unix(newest, 0).UTC().Format(time.RFC3339), field.FormatDuration(l.plan.staleAfter))
	}
	name := key(a.query, a.arm, a.name)
	counted := l.next.Minutes[name]
	if counted == nil {
		counted = map[int64]tally{}
		l.next.Minutes[name] = counted
	}
	oldest := max(l.old.Begin, l.old.Through-int64(again.Seconds()))
	steps := map[int64]tally{}
	for at := range all {
		if now, known := a.ids.at(l.data, at); known && at >= oldest && at < l.next.Through {
			steps[at] = now.since(counted[at])
			sum.All += steps[at].All
		}
	}
	for _, at := range slices.Sorted(maps.Keys(steps)) {
		step := steps[at]
		// Bad events may come after the requests that they are of. There are never more
		// than requests in one answer, so what finds no room waits for the next one.
		step.Bad = min(step.Bad, sum.All-sum.Bad)
		sum.Bad += step.Bad
		counted[at] = counted[at].plus(step)
	}
	return sum, ""
}

// told is what the target calls its arms, in words.
func told(names map[target.Arm]string) string {
	var out []string
	for _, arm := range arms {
		if names[arm] != "" {
			out = append(out, fmt.Sprintf("%s is %s", arm, plain(names[arm])))
		}
	}
	return strings.Join(out, ", ")
}

// since is by how much a minute has grown. Sums only grow; a percentile rank may give
// a bad event less than before, which nobody takes back.
func (t tally) since(old tally) tally {
	return tally{All: max(0, t.All-old.All), Bad: max(0, t.Bad-old.Bad)}
}

func (t tally) plus(step tally) tally { return tally{All: t.All + step.All, Bad: t.Bad + step.Bad} }

// text names what was asked for.
func (a asked) text() string {
	s := a.metric.total
	if a.metric.isLatency() {
		s = a.metric.latency
	}
	if s.Expression != "" {
		return fmt.Sprintf("the expression of %q with %s = %s", a.metric.name, ArmMark, a.name)
	}
	return fmt.Sprintf("%s %s of %s", s.Namespace, s.Name, a.name)
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
