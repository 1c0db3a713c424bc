package calendar

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestOverlaps(t *testing.T) {
	office := weekly(Allow, "office", "UTC", "mon tue", "09:00", "17:00")
	lunch := weekly(Freeze, "lunch", "UTC", "mon wed", "12:00", "13:00")
	peak := absolute(Freeze, "peak", "UTC", "2026-11-24", "2026-11-24")
	elsewhere := absolute(Freeze, "elsewhere", "UTC", "2026-11-23", "2026-11-24")
	elsewhere.Scope.Environments = []string{"staging"}
	got, err := Overlaps([]Window{office, lunch, peak, elsewhere}, Subject{Environment: "production"}, at(t, "2026-11-23T12:30:00Z"), at(t, "2026-12-01T00:00:00Z"))
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, o := range got {
		lines = append(lines, fmt.Sprint(o.FirstKind, " ", o.First, " ", o.SecondKind, " ", o.Second, " ", o.Start.Format(time.RFC3339), " ", o.End.Format(time.RFC3339), " ", o.Count, " ", o.Total))
	}
	want := []string{
		"freeze lunch allow office 2026-11-23T12:30:00Z 2026-11-23T13:00:00Z 2 1h30m0s",
		"allow office freeze peak 2026-11-24T09:00:00Z 2026-11-24T17:00:00Z 1 8h0m0s",
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}
	adjoin := []Window{absolute(Freeze, "a", "UTC", "2026-11-23", "2026-11-23"), absolute(Freeze, "b", "UTC", "2026-11-24", "2026-11-24")}
	if got, err := Overlaps(adjoin, Subject{}, at(t, "2026-11-01T00:00:00Z"), at(t, "2026-12-01T00:00:00Z")); err != nil || len(got) != 0 {
		t.Errorf("windows that adjoin overlap: %v, %v", got, err)
	}
}

func TestOverlapsAreBounded(t *testing.T) {
	from := at(t, "2026-11-23T00:00:00Z")
	if _, err := Overlaps([]Window{{}}, Subject{}, from, from.AddDate(0, 1, 0)); !errors.Is(err, ErrInvalid) {
		t.Errorf("got %v", err)
	}
	if _, err := Overlaps(nil, Subject{}, from, from.Add(2*Horizon)); err == nil {
		t.Error("twenty years are listed")
	}
	var windows []Window
	for i := range 200 {
		windows = append(windows, weekly(Freeze, fmt.Sprint("w", i), "UTC", "mon tue wed thu fri sat sun", "09:00", "10:00"))
	}
	if _, err := Overlaps(windows, Subject{}, from, from.Add(Horizon)); !errors.Is(err, ErrBudget) {
		t.Errorf("73 million meetings gave %v", err)
	}
}

func TestContradictions(t *testing.T) {
	office := weekly(Allow, "office", "UTC", "mon", "09:00", "17:00")
	mondays := weekly(Freeze, "mondays", "UTC", "mon", "08:00", "12:00")
	afternoons := weekly(Freeze, "afternoons", "UTC", "mon", "12:00", "18:00")
	passed := absolute(Allow, "passed", "UTC", "2026-01-01", "2026-01-02")
	christmas := absolute(Freeze, "christmas", "UTC", "2026-12-21", "2027-01-03")
	for _, tc := range []struct {
		name    string
		windows []Window
		want    []string
	}{
		{"nothing declared", nil, nil},
		{"an allow that a freeze interrupts", []Window{office, christmas}, nil},
		{"an allow that a freeze halves", []Window{office, mondays}, nil},
		{"an allow inside two freezes", []Window{office, mondays, afternoons}, []string{
			`shut_allow office afternoons mondays: allow "office" permits nothing: each of its 53 occurrences until 2027-11-23T00:00:00Z lies inside freeze "afternoons", "mondays", and a freeze beats an allow; move one of them`,
			`never_open afternoons mondays office: nothing can go forward from 2026-11-23T00:00:00Z to 2027-11-23T00:00:00Z: the windows "afternoons", "mondays", "office" leave no moment open; shorten a freeze, or add an allow outside of them`}},
		{"one of two allows inside a freeze", []Window{office, mondays, afternoons, weekly(Allow, "night", "UTC", "tue", "01:00", "02:00")}, []string{
			`shut_allow office afternoons mondays: allow "office" permits nothing: each of its 53 occurrences until 2027-11-23T00:00:00Z lies inside freeze "afternoons", "mondays", and a freeze beats an allow; move one of them`}},
		{"an allow that has passed", []Window{passed}, []string{
			`never_open passed: nothing can go forward from 2026-11-23T00:00:00Z to 2027-11-23T00:00:00Z: the windows "passed" leave no moment open; shorten a freeze, or add an allow outside of them`}},
		{"a freeze of everything", []Window{absolute(Freeze, "stop", "UTC", "2026-01-01", "2030-01-01")}, []string{
			`never_open stop: nothing can go forward from 2026-11-23T00:00:00Z to 2027-11-23T00:00:00Z: the windows "stop" leave no moment open; shorten a freeze, or add an allow outside of them`}},
		{"two of a name", []Window{mondays, mondays}, []string{`double_name mondays: 2 windows are called "mondays"; give each a name of its own`}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := Contradictions(tc.windows, Subject{}, at(t, "2026-11-23T00:00:00Z"), at(t, "2027-11-23T00:00:00Z"))
			if err != nil {
				t.Fatal(err)
			}
			var lines []string
			for _, c := range got {
				lines = append(lines, string(c.Trouble)+" "+strings.Join(c.Windows, " ")+": "+c.Message)
			}
			if diff := cmp.Diff(tc.want, lines); diff != "" {
				t.Error(diff)
			}
		})
	}
	if _, err := Contradictions([]Window{{}}, Subject{}, at(t, "2026-11-23T00:00:00Z"), at(t, "2027-11-23T00:00:00Z")); !errors.Is(err, ErrInvalid) {
		t.Errorf("got %v", err)
	}
}
