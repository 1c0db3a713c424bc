package timeline_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/calendar"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/release/timeline"
)

const berlin = "Europe/Berlin"

// monday is when these tests play, on a clock that stands still: 2026-11-30 08:00 UTC.
var monday = clock.NewFake(time.Date(2026, 11, 30, 8, 0, 0, 0, time.UTC)).Now()

func at(t *testing.T, text string) time.Time {
	t.Helper()
	out, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func freeze(name, from, to string, overrun bool) calendar.Window {
	return calendar.Window{Name: name, Kind: calendar.Freeze, TimeZone: "UTC", Reason: "quiet please", Overrun: overrun,
		Absolute: []calendar.Span{{StartsAt: from, EndsAt: to}}}
}

func allow(name, zone, from, to string, overrun bool, days ...string) calendar.Window {
	return calendar.Window{Name: name, Kind: calendar.Allow, TimeZone: zone, Overrun: overrun, Weekly: []calendar.Weekly{{Days: days, From: from, To: to}}}
}

// plan is a release through stages of one name and legs each.
func plan(t *testing.T, from time.Time, windows []calendar.Window, stages ...timeline.Stage) timeline.Plan {
	t.Helper()
	with := func(windows []calendar.Window) []timeline.Stage {
		cal, err := calendar.New(windows)
		if err != nil {
			t.Fatal(err)
		}
		out := make([]timeline.Stage, len(stages))
		for i, s := range stages {
			s.Windows = timeline.ByCalendar(cal, calendar.Subject{Service: "checkout", Environment: s.Environment})
			out[i] = s
		}
		return out
	}
	return timeline.Plan{From: from, Stages: with(windows), Without: func(name string) []timeline.Stage {
		var left []calendar.Window
		for _, w := range windows {
			if w.Name != name {
				left = append(left, w)
			}
		}
		return with(left)
	}}
}

func stage(name string, soak time.Duration, legs ...time.Duration) timeline.Stage {
	return timeline.Stage{Environment: name, Legs: legs, Soak: soak}
}

// told writes a timeline in short.
func told(t timeline.Timeline) []string {
	const layout = "Mon 15:04"
	var out []string
	for _, p := range t.Passages {
		text := p.Environment + " " + p.Start.UTC().Format(layout) + " - " + p.Finish.UTC().Format(layout)
		for _, w := range p.Waits {
			text += ", waits " + w.From.UTC().Format(layout) + " - " + w.Until.UTC().Format(layout) + " for " + w.Window
		}
		out = append(out, text)
	}
	return out
}

func TestWalk(t *testing.T) {
	h := time.Hour
	cases := map[string]struct {
		windows []calendar.Window
		stages  []timeline.Stage
		want    []string
	}{
		"nothing in the way": {nil, []timeline.Stage{stage("test", h, h), stage("production", h, h, h)},
			[]string{"test Mon 08:00 - Mon 09:00", "production Mon 10:00 - Mon 12:00"}},
		"a strategy without time": {nil, []timeline.Stage{stage("test", 0), stage("production", 0, 0)},
			[]string{"test Mon 08:00 - Mon 08:00", "production Mon 08:00 - Mon 08:00"}},
		"a freeze before the start": {[]calendar.Window{freeze("audit", "2026-11-30", "2026-11-30", false)}, []timeline.Stage{stage("production", 0, h)},
			[]string{"production Tue 00:00 - Tue 01:00, waits Mon 08:00 - Tue 00:00 for audit"}},
		"a freeze in mid-rollout interrupts it": {[]calendar.Window{freeze("lunch", "2026-11-30T09:30", "2026-11-30T11:00", false)}, []timeline.Stage{stage("production", 0, h, h, h)},
			[]string{"production Mon 08:00 - Mon 12:00, waits Mon 10:00 - Mon 11:00 for lunch"}},
		"with overrun it goes on": {[]calendar.Window{freeze("lunch", "2026-11-30T09:30", "2026-11-30T11:00", true)}, []timeline.Stage{stage("production", 0, h, h, h)},
			[]string{"production Mon 08:00 - Mon 11:00"}},
		"overrun does not let it begin": {[]calendar.Window{freeze("early", "2026-11-30T07:30", "2026-11-30T09:00", true)}, []timeline.Stage{stage("production", 0, h)},
			[]string{"production Mon 09:00 - Mon 10:00, waits Mon 08:00 - Mon 09:00 for early"}},
		"two freezes, and only one lets it go on": {
			[]calendar.Window{freeze("long", "2026-11-30T08:30", "2026-11-30T20:00", true), freeze("short", "2026-11-30T08:45", "2026-11-30T11:30", false)},
			[]timeline.Stage{stage("production", 0, h, h)},
			[]string{"production Mon 08:00 - Mon 12:30, waits Mon 09:00 - Mon 11:30 for long"}},
		"a freeze within one leg is not seen": {[]calendar.Window{freeze("tea", "2026-11-30T08:10", "2026-11-30T08:50", false)}, []timeline.Stage{stage("production", 0, h, h)},
			[]string{"production Mon 08:00 - Mon 10:00"}},
		"it begins at the very end of a freeze": {[]calendar.Window{freeze("dawn", "2026-11-30T07:00", "2026-11-30T08:00", false)}, []timeline.Stage{stage("production", 0, h)},
			[]string{"production Mon 08:00 - Mon 09:00"}},
		"a step that is due as the freeze begins waits": {[]calendar.Window{freeze("noon", "2026-11-30T09:00", "2026-11-30T10:00", false)}, []timeline.Stage{stage("production", 0, h, h)},
			[]string{"production Mon 08:00 - Mon 11:00, waits Mon 09:00 - Mon 10:00 for noon"}},
		"office hours, over a night": {[]calendar.Window{allow("office", berlin, "09:00", "17:00", false, "mon", "tue", "wed", "thu", "fri")},
			[]timeline.Stage{stage("test", 4*h, 3*h), stage("production", 0, 2*h, 2*h)},
			[]string{"test Mon 08:00 - Mon 11:00", "production Mon 15:00 - Tue 10:00, waits Mon 17:00 - Tue 08:00 for office"}},
		"the soak ends in a closed time": {[]calendar.Window{allow("office", berlin, "09:00", "17:00", true, "mon", "tue", "wed", "thu", "fri")},
			[]timeline.Stage{stage("test", 12*h, 3*h), stage("production", 0, 10*h, 2*h)},
			[]string{"test Mon 08:00 - Mon 11:00", "production Tue 08:00 - Tue 20:00, waits Mon 23:00 - Tue 08:00 for office"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			p := plan(t, monday, c.windows, c.stages...)
			got, err := timeline.Walk(p.From, p.Stages)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, told(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// On the night on which clocks go back, 02:30 comes twice, and a window from 02:00
// to 03:00 is two hours long; on that on which they go forward it does not come.
func TestWalkOnTheDaysOnWhichClocksChange(t *testing.T) {
	nightly := []calendar.Window{allow("night", berlin, "02:00", "03:00", false, "sun")}
	h := time.Hour
	for name, c := range map[string]struct {
		from string
		legs []time.Duration
		want string
	}{
		"in the first of the two hours":  {"2026-10-25T02:30:00+02:00", []time.Duration{h, 0}, "2026-10-25T02:30:00+01:00"},
		"in the second":                  {"2026-10-25T02:30:00+01:00", []time.Duration{0}, "2026-10-25T02:30:00+01:00"},
		"the tie itself":                 {"2026-10-25T03:00:00+02:00", []time.Duration{h / 2, 0}, "2026-10-25T02:30:00+01:00"},
		"the hour that is left out":      {"2026-03-29T01:00:00+01:00", []time.Duration{0}, "2026-04-05T02:00:00+02:00"},
		"until the window after it ends": {"2026-10-25T02:00:00+02:00", []time.Duration{2 * h, 0}, "2026-11-01T02:00:00+01:00"},
	} {
		t.Run(name, func(t *testing.T) {
			p := plan(t, at(t, c.from), nightly, stage("production", 0, c.legs...))
			got, err := timeline.Walk(p.From, p.Stages)
			if err != nil {
				t.Fatal(err)
			}
			if !got.Finish().Equal(at(t, c.want)) {
				t.Errorf("it finishes at %s, want %s", got.Finish(), c.want)
			}
		})
	}
}

func TestAWindowThatNeverOpens(t *testing.T) {
	closed := []calendar.Window{{Name: "end of life", Kind: calendar.Freeze, TimeZone: "UTC", Absolute: []calendar.Span{{StartsAt: "2026-11-30T08:30", EndsAt: "2199-12-31"}}}}
	p := plan(t, monday, closed, stage("test", 0, 20*time.Minute), stage("staging", 0, time.Hour, time.Hour), stage("production", 0, time.Hour))
	v, err := p.Judge(time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	const want = `it starts in staging and can never go on with step 2: freeze "end of life", from 2026-11-30 09:20 UTC on and for at least ten years`
	if v.Reachable || v.Reason != want || v.Never == nil || v.Never.Window != "end of life" || len(v.Timeline.Passages) != 1 {
		t.Errorf("reachable %t, %q, %d passages; want %q", v.Reachable, v.Reason, len(v.Timeline.Passages), want)
	}
	p = plan(t, monday.Add(time.Hour), closed, stage("test", 0, time.Hour))
	if v, err = p.Judge(time.Time{}); err != nil || !strings.HasPrefix(v.Reason, "it can never start in test: freeze") {
		t.Errorf("%v, %q", err, v.Reason)
	}
}

// What cannot be told is an error, and never open.
func TestWindowsThatCannotBeTold(t *testing.T) {
	away := errors.New("disk on fire")
	s := timeline.Stage{Environment: "production", Windows: func(time.Time, time.Time) (timeline.Answer, error) { return timeline.Answer{Open: true}, away }}
	if _, err := timeline.Walk(monday, []timeline.Stage{s}); !errors.Is(err, away) || !strings.Contains(err.Error(), "production") {
		t.Errorf("%v", err)
	}
	s.Windows = func(at, _ time.Time) (timeline.Answer, error) { return timeline.Answer{Next: at}, nil }
	if _, err := timeline.Walk(monday, []timeline.Stage{s}); err == nil {
		t.Error("an answer that contradicts itself is believed")
	}
	s.Windows = func(at, _ time.Time) (timeline.Answer, error) { return timeline.Answer{Next: at.Add(time.Second)}, nil }
	if _, err := timeline.Walk(monday, []timeline.Stage{s}); err == nil {
		t.Error("windows that always promise the next second are believed for ever")
	}
	if _, err := timeline.Walk(time.Time{}, plan(t, monday, []calendar.Window{freeze("x", "2026-11-30", "2026-12-01", false)}, stage("test", 0)).Stages); !errors.Is(err, calendar.ErrInstant) {
		t.Errorf("the year 1: %v", err)
	}
}

func TestADeadline(t *testing.T) {
	h := time.Hour
	two := []timeline.Stage{stage("staging", 24*h, h), stage("production", 0, 2*h)}
	audit := freeze("audit", "2026-12-01", "2026-12-03", false)
	// Both begin while staging is under way, so that no soak is to blame.
	one, other := freeze("one", "2026-11-30T08:30", "2026-12-03", false), freeze("other", "2026-11-30T08:40", "2026-12-03", false)
	for name, c := range map[string]struct {
		windows  []calendar.Window
		deadline string
		want     []string
	}{
		"met to the second": {nil, "2026-12-01T11:00:00Z", nil},
		"a second too late": {nil, "2026-12-01T10:59:59Z", []string{"the earliest finish is 2026-12-01 11:00 UTC, which is 1s behind the deadline 2026-12-01 10:59 UTC",
			"the soak of 24h in staging, and but for that it would finish at 2026-11-30 11:00 UTC"}},
		"a freeze is to blame": {[]calendar.Window{audit}, "2026-12-02T00:00:00Z", []string{
			"the earliest finish is 2026-12-04 02:00 UTC, which is 50h behind",
			`In the way: freeze "audit": quiet please, from 2026-12-01 09:00 UTC until 2026-12-04 00:00 UTC, and but for that it would finish at 2026-12-01 11:00 UTC`}},
		"either alone":       {[]calendar.Window{audit}, "2026-12-01T11:00:00Z", []string{`In the way: freeze "audit"`, "the soak of 24h in staging, and but for that it would finish at 2026-11-30 11:00 UTC"}},
		"two windows":        {[]calendar.Window{one, other}, "2026-12-02T00:00:00Z", []string{"no single window is to blame: \"one\"", "windows close for 63h"}},
		"the rollouts alone": {nil, "2026-11-30T09:30:00Z", []string{"the rollouts take 3h, the soak between them 24h, and windows close for 0s; the rollouts alone do not fit into the 1h30m that there are"}},
		"in the past":        {nil, "2026-11-29T09:30:00Z", []string{"do not fit into the 0s that there are"}},
	} {
		t.Run(name, func(t *testing.T) {
			v, err := plan(t, monday, c.windows, two...).Judge(at(t, c.deadline))
			if err != nil {
				t.Fatal(err)
			}
			if v.Reachable != (c.want == nil) {
				t.Errorf("reachable %t, %q", v.Reachable, v.Reason)
			}
			for _, want := range c.want {
				if !strings.Contains(v.Reason, want) {
					t.Errorf("%q does not say %q", v.Reason, want)
				}
			}
		})
	}
}

func TestInterruptionsAreToldApart(t *testing.T) {
	h := time.Hour
	p := plan(t, monday, []calendar.Window{freeze("now", "2026-11-30T08:00", "2026-11-30T09:00", false), freeze("later", "2026-11-30T09:30", "2026-11-30T12:00", false)},
		stage("production", 0, h, h))
	got, err := timeline.Walk(p.From, p.Stages)
	if err != nil {
		t.Fatal(err)
	}
	in := got.Passages[0].Interrupted()
	if len(in) != 1 || in[0].Window != "later" || in[0].Step != 2 || in[0].Length() != 2*h || len(got.Passages[0].Waits) != 2 {
		t.Errorf("interrupted by %+v of %+v", in, got.Passages[0].Waits)
	}
}
