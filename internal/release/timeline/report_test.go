package timeline_test

import (
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/calendar"
	"github.com/sluice/terraform-provider-sluice/internal/release/timeline"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestReport writes a timeline with everything in it, in a zone of people.
func TestReport(t *testing.T) {
	h := time.Hour
	p := plan(t, monday, []calendar.Window{
		allow("office", berlin, "08:00", "18:00", true, "mon", "tue", "wed", "thu", "fri"),
		freeze("audit", "2026-12-02T08:30", "2026-12-02T16:00", false),
	}, stage("test", 0, 10*time.Minute), stage("staging", 39*h, h, h), stage("production-of-the-whole-world", 0, h, 2*h, h))
	for i := range p.Stages {
		p.Stages[i].Basis = "what was said"
	}
	v, err := p.Judge(at(t, "2026-12-02T12:00:00Z"))
	if err != nil {
		t.Fatal(err)
	}
	loc, err := time.LoadLocation(berlin)
	if err != nil {
		t.Fatal(err)
	}
	r := v.Report(loc)
	for line := range strings.Lines(r.Picture) {
		if len(line) > 81 {
			t.Errorf("a line has %d columns: %s", len(line), line)
		}
	}
	raw, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got := r.Picture + string(raw) + "\n"
	const file = "testdata/report.txt"
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("the report (-want +got; write it anew with -update):\n%s", diff)
	}
}

// A release that takes no time, or gets nowhere, has a report, too.
func TestReportOfLittle(t *testing.T) {
	v, err := plan(t, monday, nil, stage("test", 0)).Judge(time.Time{})
	if r := v.Report(time.UTC); err != nil || !r.Reachable || *r.Total != "0s" || !strings.Contains(r.Picture, "test") {
		t.Errorf("%v, %+v", err, r)
	}
	closed := []calendar.Window{{Name: "end", Kind: calendar.Freeze, TimeZone: "UTC", Absolute: []calendar.Span{{StartsAt: "2026-01-01", EndsAt: "2199-12-31"}}}}
	v, err = plan(t, monday, closed, stage("test", 0)).Judge(time.Time{})
	if r := v.Report(time.UTC); err != nil || r.Reachable || r.Start != nil || r.Finish != nil || r.Total != nil || len(r.Stages) != 0 || r.Picture != "" {
		t.Errorf("%v, %+v", err, r)
	}
	if r := (timeline.Verdict{}).Report(time.UTC); r.Stages == nil {
		t.Error("no stages are null in JSON")
	}
}

// TestNothingIsOverBeforeItIs: what is written in minutes and seconds is never earlier.
func TestNothingIsOverBeforeItIs(t *testing.T) {
	from := monday.Add(30*time.Second + time.Millisecond)
	p := plan(t, monday, nil, stage("test", 0, 10*time.Second))
	p.From = from
	v, err := p.Judge(time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	r := v.Report(time.UTC)
	finish, err := time.Parse(time.RFC3339, *r.Finish)
	if err != nil || finish.Before(from.Add(10*time.Second)) {
		t.Errorf("it is through at %s: %v", *r.Finish, err)
	}
	if first, _, _ := strings.Cut(r.Picture, "\n"); !strings.HasSuffix(first, from.Truncate(time.Minute).Add(time.Minute).Format("15:04")) {
		t.Errorf("the picture ends at %q", first)
	}
}
