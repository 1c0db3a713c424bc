package calendar_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/calendar"
)

// A scope may ask for what depends on a name. Where nobody can tell whether the
// subject does, that matters exactly while the window would close.
func TestAScopeOfWhatDependsOnAName(t *testing.T) {
	freeze := calendar.Window{
		Name: "psp-audit", Kind: calendar.Freeze, TimeZone: "UTC", Absolute: []calendar.Span{{StartsAt: "2026-11-27T14:00", EndsAt: "2026-11-27T16:00"}},
		Scope: calendar.Scope{DependsOn: []string{"sms", "psp"}, Environments: []string{"production"}},
	}
	allow := freeze
	allow.Kind = calendar.Allow
	inside, outside := time.Date(2026, 11, 27, 15, 0, 0, 0, time.UTC), time.Date(2026, 11, 27, 17, 0, 0, 0, time.UTC)
	lost := map[string]string{"psp": "what search needs is not known"}
	for name, c := range map[string]struct {
		window      calendar.Window
		subject     calendar.Subject
		at          time.Time
		open, known bool
	}{
		"it does":                          {freeze, calendar.Subject{Environment: "production", DependsOn: []string{"search", "psp"}}, inside, false, true},
		"it does, later":                   {freeze, calendar.Subject{Environment: "production", DependsOn: []string{"psp"}}, outside, true, true},
		"it does not":                      {freeze, calendar.Subject{Environment: "production", DependsOn: []string{"search"}}, inside, true, true},
		"it needs nothing":                 {freeze, calendar.Subject{Environment: "production"}, inside, true, true},
		"it does, elsewhere":               {freeze, calendar.Subject{Environment: "staging", DependsOn: []string{"psp"}}, inside, true, true},
		"nobody can tell":                  {freeze, calendar.Subject{Environment: "production", Undecided: lost}, inside, false, false},
		"nobody can tell, and it is later": {freeze, calendar.Subject{Environment: "production", Undecided: lost}, outside, true, true},
		"nobody can tell, elsewhere":       {freeze, calendar.Subject{Environment: "staging", Undecided: lost}, inside, true, true},
		"nobody can tell of another":       {freeze, calendar.Subject{Environment: "production", Undecided: map[string]string{"fax": "x"}}, inside, true, true},
		"inside an allow, perhaps":         {allow, calendar.Subject{Environment: "production", Undecided: lost}, inside, true, true},
		"outside an allow, perhaps":        {allow, calendar.Subject{Environment: "production", Undecided: lost}, outside, false, false},
		"closed by it already":             {freeze, calendar.Subject{Environment: "production", DependsOn: []string{"sms"}, Undecided: lost}, inside, false, true},
	} {
		state, err := calendar.Evaluate([]calendar.Window{c.window}, c.subject, c.at)
		if err != nil || state.Open != c.open || state.Known != c.known {
			t.Errorf("%s: %+v, %v; want open %t, known %t", name, state, err, c.open, c.known)
		}
		if !c.known && !strings.Contains(state.Reason, `window "psp-audit" holds here: its scope asks for what depends on "psp", and what search needs is not known`) {
			t.Errorf("%s: the reason is %q", name, state.Reason)
		}
	}
}

func TestTheNamesOfAScopeAreValidated(t *testing.T) {
	w := calendar.Window{Name: "x", Kind: calendar.Freeze, TimeZone: "UTC", Absolute: []calendar.Span{{StartsAt: "2026-11-27", EndsAt: "2026-11-27"}}}
	for name, c := range map[string]struct {
		names []string
		path  string
	}{
		"an empty name": {[]string{""}, "scope.depends_on[0]"},
		"a slash":       {[]string{"psp", "a/b"}, "scope.depends_on[1]"},
		"a name twice":  {[]string{"psp", "psp"}, "scope.depends_on[1]"},
	} {
		w.Scope.DependsOn = c.names
		if errs := w.Validate(); len(errs) != 1 || errs[0].Path != c.path {
			t.Errorf("%s: %v", name, errs)
		}
	}
}
