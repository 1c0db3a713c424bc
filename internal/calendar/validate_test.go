package calendar

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// full is a valid window that uses every field.
func full() Window {
	return Window{
		Name: "black-friday", Kind: Freeze, TimeZone: "Europe/Berlin", Reason: "peak trade", Owner: "retail-ops",
		Severity: "high", Overrun: true, DSTGap: Shift,
		Absolute: []Span{{"2026-11-27", "2026-11-30"}, {"2026-12-24T18:00:00+01:00", "2026-12-26T00:00:00"}},
		Weekly:   []Weekly{{Days: []string{"fri", "saturday"}, From: "22:00", To: "06:00"}},
		Scope: Scope{Environments: []string{"production"}, Tiers: []string{"gold"}, Services: []string{"checkout", "cart"},
			Labels: map[string]string{"team": "retail"}},
	}
}

func TestValidate(t *testing.T) {
	many := func(n int) []string {
		out := make([]string, n)
		for i := range out {
			out[i] = fmt.Sprint("s", i)
		}
		return out
	}
	for _, tc := range []struct {
		name   string
		change func(*Window)
		path   string // Empty path and want mean that it is valid.
		want   string // Part of the message.
	}{
		{"valid", func(*Window) {}, "", ""},
		{"utc", func(w *Window) { w.TimeZone = "UTC" }, "", ""},
		{"longest name", func(w *Window) { w.Name = strings.Repeat("ä", 128) }, "", ""},
		{"empty name", func(w *Window) { w.Name = "" }, "name", `is empty; allowed are 1 to 128 characters without "/" or control characters, for example "black-friday"`},
		{"slash", func(w *Window) { w.Name = "a/b" }, "name", `"a/b" has a slash; allowed`},
		{"long name", func(w *Window) { w.Name = strings.Repeat("ä", 300) }, "name", "has 300 characters; allowed"},
		{"control characters", func(w *Window) { w.Name = "a\nb" }, "name", `"a\nb" has control characters`},
		{"invisible characters", func(w *Window) { w.Name = "a\u202eb" }, "name", "has control characters"},
		{"broken text", func(w *Window) { w.Name = "a\xff" }, "name", "has control characters"},
		{"space at the end", func(w *Window) { w.Name = "a " }, "name", "begins or ends with a space"},
		{"no kind", func(w *Window) { w.Kind = "" }, "kind", `"" is no kind of window; allowed are "allow" and "freeze", for example "freeze"`},
		{"unknown kind", func(w *Window) { w.Kind = "deny" }, "kind", `"deny" is no kind`},
		{"no zone", func(w *Window) { w.TimeZone = "" }, "time_zone", `is empty; allowed is an IANA name, for example "Europe/Berlin" or "UTC"`},
		{"the machine's zone", func(w *Window) { w.TimeZone = "Local" }, "time_zone", `"Local" means another zone on each machine`},
		{"unknown zone", func(w *Window) { w.TimeZone = "Mars/Olympus" }, "time_zone", `"Mars/Olympus" is not the name of an IANA time zone; allowed`},
		{"misspelt zone", func(w *Window) { w.TimeZone = "Europe/Berln" }, "time_zone", `did you mean "Europe/Berlin"?`},
		{"zone in another case", func(w *Window) { w.TimeZone = "europe/berlin" }, "time_zone", `did you mean "Europe/Berlin"?`},
		{"abbreviation", func(w *Window) { w.TimeZone = "CEST" }, "time_zone", `"CEST" is not the name`},
		{"fixed offset", func(w *Window) { w.TimeZone = "+01:00" }, "time_zone", `"+01:00" is not the name`},
		{"zone with leap seconds", func(w *Window) { w.TimeZone = "right/Europe/Berlin" }, "time_zone", `is not the name`},
		{"zone that leaves the database", func(w *Window) { w.TimeZone = "../../etc/passwd" }, "time_zone", `is not the name`},
		{"Windows zone", func(w *Window) { w.TimeZone = "W. Europe Standard Time" }, "time_zone", `is not the name`},
		{"reason of two lines", func(w *Window) { w.Reason = "a\nb" }, "reason", "allowed is one line of text"},
		{"long reason", func(w *Window) { w.Reason = strings.Repeat("x", 1001) }, "reason", "has 1001 characters; at most 1000"},
		{"owner", func(w *Window) { w.Owner = strings.Repeat("x", 129) }, "owner", "at most 128"},
		{"severity", func(w *Window) { w.Severity = "urgent" }, "severity", `"urgent" is no severity; allowed are "low"`},
		{"gap", func(w *Window) { w.DSTGap = "error" }, "dst_gap", `"error" is not allowed; allowed are "shift" and "skip"`},
		{"nothing", func(w *Window) { w.Absolute, w.Weekly = nil, nil }, "", `the window never opens; give at least one of "absolute", "weekly", "recurrence" and "events", for example weekly`},
		{"too many spans", func(w *Window) { w.Absolute = make([]Span, MaxSpans+1) }, "absolute", "has 1001 entries; at most 1000"},
		{"too many weekly", func(w *Window) { w.Weekly = make([]Weekly, MaxWeekly+1) }, "weekly", "has 101 entries; at most 100"},
		{"no start", func(w *Window) { w.Absolute[0].StartsAt = "" }, "absolute[0].starts_at", "is empty; allowed are an instant, a local time or a day"},
		{"no end", func(w *Window) { w.Absolute[1].EndsAt = "" }, "absolute[1].ends_at", "is empty; allowed"},
		{"impossible day", func(w *Window) { w.Absolute[0].StartsAt = "2026-02-30" }, "absolute[0].starts_at", `"2026-02-30" is no time or day that exists; allowed`},
		{"impossible instant", func(w *Window) { w.Absolute[0].StartsAt = "2026-02-29T00:00:00Z" }, "absolute[0].starts_at", "is no time or day"},
		{"hour 24", func(w *Window) { w.Absolute[0].StartsAt = "2026-02-01T24:00:00" }, "absolute[0].starts_at", "is no time or day"},
		{"one-digit month", func(w *Window) { w.Absolute[0].StartsAt = "2026-2-01" }, "absolute[0].starts_at", "is no time or day"},
		{"a space for the T", func(w *Window) { w.Absolute[0].StartsAt = "2026-02-01 10:00:00" }, "absolute[0].starts_at", "is no time or day"},
		{"impossible offset", func(w *Window) { w.Absolute[0].StartsAt = "2026-02-01T10:00:00+25:00" }, "absolute[0].starts_at", "is no time or day"},
		{"fraction", func(w *Window) { w.Absolute[0].StartsAt = "2026-02-01T10:00:00.5Z" }, "absolute[0].starts_at", "has a fraction of a second"},
		{"local fraction", func(w *Window) { w.Absolute[0].StartsAt = "2026-02-01T10:00:00.5" }, "absolute[0].starts_at", "is no time or day"},
		{"year", func(w *Window) { w.Absolute[0].StartsAt = "1026-11-27" }, "absolute[0].starts_at", "outside the years 1970 to 2199"},
		{"late year", func(w *Window) { w.Absolute[0].EndsAt = "2200-01-01T00:00:00Z" }, "absolute[0].ends_at", "outside the years"},
		{"ends before it starts", func(w *Window) { w.Absolute[0].EndsAt = "2026-11-26" }, "absolute[0].ends_at",
			`"2026-11-26" is not after starts_at, "2026-11-27", so that the window never opens; give a later end, for example "2026-11-29"`},
		{"ends as it starts", func(w *Window) { w.Absolute[0] = Span{"2026-11-27T10:00", "2026-11-27T10:00:00"} }, "absolute[0].ends_at", "never opens"},
		{"ends before it starts by its offset", func(w *Window) { w.Absolute[0] = Span{"2026-11-27T10:00:00-05:00", "2026-11-27T12:00:00Z"} }, "absolute[0].ends_at", "never opens"},
		{"a day that is left out", func(w *Window) { w.TimeZone, w.Absolute[0] = "Pacific/Apia", Span{"2011-12-30", "2011-12-30"} }, "absolute[0].ends_at", "never opens"},
		{"a start that is left out", func(w *Window) {
			w.Kind, w.DSTGap, w.Absolute[0] = Allow, "", Span{"2027-03-28T02:30", "2027-03-28T05:00"}
		},
			"absolute[0].starts_at", `"2027-03-28T02:30" never exists in Europe/Berlin, where clocks go forward over it; give a time that exists, for example "2027-03-28T03:00:00", or dst_gap = "shift"`},
		{"no days", func(w *Window) { w.Weekly[0].Days = nil }, "weekly[0].days", `is empty, so that the window never opens; give at least one day`},
		{"unknown day", func(w *Window) { w.Weekly[0].Days[1] = "Someday" }, "weekly[0].days[1]", `"Someday" is no day of the week; allowed are "monday"`},
		{"day twice", func(w *Window) { w.Weekly[0].Days = []string{"fri", "friday"} }, "weekly[0].days[1]", `"friday" is given twice`},
		{"no from", func(w *Window) { w.Weekly[0].From = "" }, "weekly[0].from", `"" is no time of day; allowed is "00:00" to "23:59"`},
		{"from 24:00", func(w *Window) { w.Weekly[0].From = "24:00" }, "weekly[0].from", `"24:00" is no time of day`},
		{"one-digit hour", func(w *Window) { w.Weekly[0].From = "9:00" }, "weekly[0].from", `"9:00" is no time of day`},
		{"to", func(w *Window) { w.Weekly[0].To = "24:01" }, "weekly[0].to", `"24:01" is no time of day; allowed is "00:00" to "24:00"`},
		{"from is to", func(w *Window) { w.Weekly[0].To = "22:00" }, "weekly[0].to", `"22:00" is the same as from, so that the window never opens`},
		{"scope's name", func(w *Window) { w.Scope.Services[1] = "" }, "scope.services[1]", "is empty; allowed"},
		{"scope's name twice", func(w *Window) { w.Scope.Services[1] = "checkout" }, "scope.services[1]", `"checkout" is given twice`},
		{"scope's size", func(w *Window) { w.Scope.Tiers = many(MaxScope + 1) }, "scope.tiers", "has 1001 entries; at most 1000"},
		{"label's key", func(w *Window) { w.Scope.Labels = map[string]string{"": "x"} }, `scope.labels[""]`, "is no label's key"},
		{"label's value", func(w *Window) { w.Scope.Labels = map[string]string{"a": "x\ty"} }, `scope.labels["a"]`, "cannot be printed"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := full()
			tc.change(&w)
			got := w.Validate()
			if tc.want == "" {
				if len(got) > 0 {
					t.Errorf("want valid, got %v", got)
				}
				return
			}
			if len(got) != 1 || got[0].Path != tc.path || !strings.Contains(got[0].Msg, tc.want) {
				t.Errorf("want %s: %s; got %v", tc.path, tc.want, got)
			}
		})
	}
}

func TestValidateTellsEverything(t *testing.T) {
	w := Window{TimeZone: "X", Absolute: []Span{{"x", "y"}}, Weekly: []Weekly{{Days: []string{"x"}}}}
	var paths []string
	for _, field := range w.Validate() {
		paths = append(paths, field.Path)
	}
	want := []string{"name", "kind", "time_zone", "absolute[0].starts_at", "absolute[0].ends_at", "weekly[0].days[0]", "weekly[0].from", "weekly[0].to"}
	if diff := cmp.Diff(want, paths); diff != "" {
		t.Error(diff)
	}
	_, err := New([]Window{w})
	var invalid *InvalidError
	if !errors.As(err, &invalid) || len(invalid.Fields) != len(want) || !strings.Contains(err.Error(), `window "" is invalid: name: is empty`) {
		t.Errorf("got %v", err)
	}
}

func TestDecode(t *testing.T) {
	data, err := json.Marshal(full())
	if err != nil {
		t.Fatal(err)
	}
	got, err := Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(full(), got); diff != "" {
		t.Error(diff)
	}
	small := `{"name":"n","kind":"allow","time_zone":"UTC","weekly":[{"days":["mon"],"from":"09:00","to":"17:00"}]}`
	if w, err := Decode([]byte(small)); err != nil {
		t.Error(err)
	} else if back, _ := json.Marshal(w); string(back) != small {
		t.Errorf("the smallest window grew: %s", back)
	}
	for name, text := range map[string]string{
		"a newer field": strings.Replace(small, `"name"`, `"rrule":"FREQ=DAILY","name"`, 1),
		"invalid":       strings.Replace(small, "UTC", "Local", 1),
		"two values":    small + small,
		"no JSON":       "window",
		"nothing":       "",
		"null":          "null",
	} {
		if _, err := Decode([]byte(text)); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestScopeMatches(t *testing.T) {
	sub := Subject{Service: "checkout", Environment: "production", Tier: "gold", Regions: []string{"eu-west-1", "us-east-1"}, Team: "retail", Labels: map[string]string{"team": "retail", "region": "eu"}}
	for _, tc := range []struct {
		name  string
		scope Scope
		want  bool
	}{
		{"everything", Scope{}, true},
		{"environment", Scope{Environments: []string{"staging", "production"}}, true},
		{"other environment", Scope{Environments: []string{"staging"}}, false},
		{"no part of a name", Scope{Environments: []string{"prod"}}, false},
		{"tier", Scope{Tiers: []string{"gold"}}, true},
		{"other tier", Scope{Tiers: []string{"silver"}}, false},
		{"service", Scope{Services: []string{"checkout"}}, true},
		{"other service", Scope{Services: []string{"Checkout"}}, false},
		{"region", Scope{Regions: []string{"us-east-1", "eu-west-1"}}, true},
		{"other region", Scope{Regions: []string{"ap-south-1"}}, false},
		{"team", Scope{Teams: []string{"web", "retail"}}, true},
		{"other team", Scope{Teams: []string{"web"}}, false},
		{"all parts", Scope{Environments: []string{"production"}, Tiers: []string{"gold"}, Services: []string{"checkout"}, Regions: []string{"eu-west-1"},
			Teams: []string{"retail"}, Labels: map[string]string{"team": "retail"}}, true},
		{"one part fails", Scope{Environments: []string{"production"}, Tiers: []string{"gold"}, Services: []string{"cart"}, Regions: []string{"eu-west-1"},
			Teams: []string{"retail"}, Labels: map[string]string{"team": "retail"}}, false},
		{"label", Scope{Labels: map[string]string{"team": "retail", "region": "eu"}}, true},
		{"label's other value", Scope{Labels: map[string]string{"team": "retail", "region": "us"}}, false},
		{"no such label", Scope{Labels: map[string]string{"cell": ""}}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := tc.scope.Matches(sub); got != tc.want {
				t.Errorf("got %v", got)
			}
			w := absolute(Freeze, "w", "UTC", "2026-01-01", "2026-12-31")
			w.Scope = tc.scope
			state, err := Evaluate([]Window{w}, sub, at(t, "2026-06-01T00:00:00Z"))
			if err != nil || state.Open == tc.want {
				t.Errorf("state %+v, %v", state, err)
			}
		})
	}
}
