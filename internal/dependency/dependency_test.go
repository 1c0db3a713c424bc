package dependency_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/calendar"
	"github.com/sluice/terraform-provider-sluice/internal/check"
	"github.com/sluice/terraform-provider-sluice/internal/dependency"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/mem"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

var now = time.Date(2026, 11, 27, 14, 3, 0, 0, time.UTC)

// psp is a dependency that is right.
func psp() dependency.External {
	return dependency.External{
		Name: "psp", Team: "payments", Contact: "psp-desk@example.com",
		Maintenance: &dependency.Maintenance{TimeZone: "Europe/Berlin", Absolute: []calendar.Span{{StartsAt: "2026-11-27", EndsAt: "2026-11-28"}}},
		Checks:      []dependency.Check{{Check: check.Check{Name: "status", URL: "https://psp.example/status"}}},
	}
}

func TestValidate(t *testing.T) {
	if errs := psp().Validate(); len(errs) > 0 {
		t.Fatal(errs)
	}
	if errs := (dependency.External{Name: "psp"}).Validate(); len(errs) > 0 {
		t.Fatalf("the smallest: %v", errs)
	}
	long := strings.Repeat("x", 101)
	for name, c := range map[string]struct {
		change     func(*dependency.External)
		path, says string
	}{
		"no name":             {func(e *dependency.External) { e.Name = "" }, "name", "the name is empty"},
		"a long name":         {func(e *dependency.External) { e.Name = long }, "name", "at most 100"},
		"a slash":             {func(e *dependency.External) { e.Name = "a/b" }, "name", "slash"},
		"a long description":  {func(e *dependency.External) { e.Description = strings.Repeat("x", 1001) }, "description", "at most 1000"},
		"a team with a slash": {func(e *dependency.External) { e.Team = "a/b" }, "team", "slash"},
		"a contact of lines":  {func(e *dependency.External) { e.Contact = "a\nb" }, "contact", "cannot be printed"},
		"a long owner":        {func(e *dependency.External) { e.Contact = strings.Repeat("x", 128) }, "contact", "at most 128"},
		"nobody's pattern":    {func(e *dependency.External) { e.OverrideBy = []string{""} }, "override_by[0]", "is empty"},
		"an unknown zone":     {func(e *dependency.External) { e.Maintenance.TimeZone = "Europe/Bonn" }, "maintenance.time_zone", "IANA"},
		"no time at all":      {func(e *dependency.External) { e.Maintenance.Absolute = nil }, "maintenance", "never opens"},
		"1 MB of a rule": {func(e *dependency.External) {
			e.Maintenance.Recurrence = []calendar.Recurrence{{Start: "2026-01-01", RRule: "FREQ=DAILY;BYDAY=" + strings.Repeat("MO,", 350_000)}}
		}, "maintenance.recurrence[0].rrule", "2048"},
		"a reason of pages":     {func(e *dependency.External) { e.Maintenance.Reason = strings.Repeat("x", 1000) }, "maintenance.reason", "at most 1000"},
		"a check without a URL": {func(e *dependency.External) { e.Checks[0].URL = "" }, "checks[0].url", "there is no URL"},
		"a check without name":  {func(e *dependency.External) { e.Checks[0].Name = "" }, "checks[0].name", "empty"},
		"a name twice":          {func(e *dependency.External) { e.Checks = append(e.Checks, e.Checks[0]) }, "checks[1].name", "there already"},
		"a secret in a header":  {func(e *dependency.External) { e.Checks[0].Headers = map[string]string{"Authorization": "x"} }, `checks[0].headers["Authorization"]`, "token = {"},
		"never asked":           {func(e *dependency.External) { e.Checks[0].When = []dependency.Phase{} }, "checks[0].when", "never be asked"},
		"an unknown phase":      {func(e *dependency.External) { e.Checks[0].When = []dependency.Phase{"later"} }, "checks[0].when[0]", "before, during or after"},
		"a phase twice":         {func(e *dependency.External) { e.Checks[0].When = []dependency.Phase{"after", "after"} }, "checks[0].when[1]", "there already"},
		"a long timeout":        {func(e *dependency.External) { e.Checks[0].Timeout = field.Duration(11 * time.Second) }, "checks[0].timeout", "at most 10s"},
		"attempts":              {func(e *dependency.External) { e.Checks[0].Attempts = 2 }, "checks[0]", "asked once"},
		"too many checks": {func(e *dependency.External) {
			for i := range dependency.MaxChecks {
				c := e.Checks[0]
				c.Name = fmt.Sprint(i)
				e.Checks = append(e.Checks, c)
			}
		}, "checks", "at most 20"},
	} {
		bad := psp()
		c.change(&bad)
		errs := bad.Validate()
		if len(errs) != 1 || errs[0].Path != c.path || !strings.Contains(errs[0].Msg, c.says) {
			t.Errorf("%s: %v; want %s: ...%s...", name, errs, c.path, c.says)
		}
		if text := errs.Error(); !strings.Contains(text, "for example") && !strings.Contains(text, "token = {") || len(text) > 1000 {
			t.Errorf("%s: %.300q gives no example, or a page", name, text)
		}
	}
}

func TestTheMaintenanceIsAFreezeForWhatDependsOnIt(t *testing.T) {
	e := psp()
	e.Maintenance.Reason, e.OverrideBy = "database upgrade", []string{"*@sre.example"}
	w, ok := e.Window()
	if errs := w.Validate(); !ok || len(errs) > 0 {
		t.Fatalf("%t, %v", ok, errs)
	}
	want := calendar.Window{
		Name: "dependency:psp", Kind: calendar.Freeze, TimeZone: "Europe/Berlin", Reason: "maintenance of psp: database upgrade", Owner: "payments, psp-desk@example.com",
		Absolute: e.Maintenance.Absolute, OverrideBy: e.OverrideBy, Scope: calendar.Scope{DependsOn: []string{"psp"}},
	}
	if diff := cmp.Diff(want, w); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, ok := (dependency.External{Name: "psp"}).Window(); ok {
		t.Error("without a maintenance there is a window")
	}
	// The longest name still gives a window that validates.
	e.Name = strings.Repeat("x", dependency.MaxName)
	if w, _ := e.Window(); len(w.Validate()) > 0 {
		t.Error(w.Validate())
	}
}

func TestAChecksPhases(t *testing.T) {
	e := psp()
	e.Checks = append(e.Checks, dependency.Check{Check: check.Check{Name: "deep", URL: "https://psp.example/deep"}, When: []dependency.Phase{dependency.After}})
	for phase, want := range map[dependency.Phase]int{dependency.Before: 1, dependency.During: 1, dependency.After: 2} {
		if got := len(e.For(phase)); got != want {
			t.Errorf("%s: %d checks, want %d", phase, got, want)
		}
	}
}

// services is a source of declared services: needs, and after a bar external ones.
func services(of map[string]string) dependency.Source {
	return func(_ context.Context, name string) (*release.Service, error) {
		text, ok := of[name]
		if !ok {
			return nil, nil
		}
		inner, outer, _ := strings.Cut(text, "|")
		return &release.Service{Name: name, Dependencies: strings.Fields(inner), ExternalDependencies: strings.Fields(outer)}, nil
	}
}

func TestWhatAServiceNeedsThroughOthers(t *testing.T) {
	for name, c := range map[string]struct {
		declared                 map[string]string
		services, external, lost []string
		path                     string
	}{
		"nothing":            {declared: map[string]string{"checkout": ""}},
		"not declared":       {},
		"itself":             {declared: map[string]string{"checkout": "|psp"}, external: []string{"psp"}},
		"through another":    {declared: map[string]string{"checkout": "payments", "payments": "|psp"}, services: []string{"payments"}, external: []string{"psp"}, path: "checkout needs it through payments"},
		"through two":        {declared: map[string]string{"checkout": "a", "a": "b", "b": "|psp"}, services: []string{"a", "b"}, external: []string{"psp"}, path: "checkout needs it through a, b"},
		"round a circle":     {declared: map[string]string{"checkout": "a", "a": "b checkout", "b": "a|psp"}, services: []string{"a", "b"}, external: []string{"psp"}, path: "checkout needs it through a, b"},
		"the nearest way":    {declared: map[string]string{"checkout": "a|psp", "a": "|psp"}, services: []string{"a"}, external: []string{"psp"}},
		"something unheard":  {declared: map[string]string{"checkout": "a b", "b": "|psp"}, services: []string{"a", "b"}, external: []string{"psp"}, lost: []string{"a"}, path: "checkout needs it through b"},
		"a name of its own":  {declared: map[string]string{"checkout": "checkout|psp"}, external: []string{"psp"}},
		"both kinds of name": {declared: map[string]string{"checkout": "psp|psp", "psp": ""}, services: []string{"psp"}, external: []string{"psp"}},
	} {
		r, err := dependency.Of(t.Context(), services(c.declared), "checkout", nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([][]string{c.services, c.external, c.lost}, [][]string{r.Services, r.External, r.Undeclared}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if got := r.Path("checkout", "psp"); got != c.path {
			t.Errorf("%s: the path is %q, want %q", name, got, c.path)
		}
	}
}

// What a release has frozen goes before what the ledger declares of the service.
func TestWhatIsGivenGoesBeforeWhatIsDeclared(t *testing.T) {
	r, err := dependency.Of(t.Context(), services(map[string]string{"checkout": "|old"}), "checkout", nil, []string{"new"})
	if err != nil || cmp.Diff([]string{"new"}, r.Names()) != "" {
		t.Errorf("%v, %v", r.Names(), err)
	}
}

func TestAReachIsBounded(t *testing.T) {
	endless := func(_ context.Context, name string) (*release.Service, error) {
		var next []string
		for i := range 100 {
			next = append(next, fmt.Sprintf("%s.%d", name, i))
		}
		return &release.Service{Name: name, Dependencies: next}, nil
	}
	if _, err := dependency.Of(t.Context(), endless, "checkout", nil, nil); err == nil || !strings.Contains(err.Error(), "more than 10000") {
		t.Errorf("%v", err)
	}
	broken := errors.New("disk on fire")
	if _, err := dependency.Of(t.Context(), func(context.Context, string) (*release.Service, error) { return nil, broken }, "checkout", nil, nil); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
}

func TestTheLedgersObjectsAreReadStrictly(t *testing.T) {
	l := mem.New(now)
	put := func(name, content string) {
		t.Helper()
		if _, err := ledger.PutObject(t.Context(), l, ledger.Put{Kind: dependency.ObjectKind, Name: name, Content: json.RawMessage(content), Actor: "ci", At: now}); err != nil {
			t.Fatal(err)
		}
	}
	content, err := json.Marshal(psp())
	if err != nil {
		t.Fatal(err)
	}
	put("psp", string(content))
	put("sms", `{"name":"sms"}`)
	all, err := dependency.List(t.Context(), l)
	if err != nil || len(all) != 2 || cmp.Diff(psp(), all[0]) != "" {
		t.Fatalf("%+v, %v", all, err)
	}
	windows, err := dependency.Windows(t.Context(), l)
	if err != nil || len(windows) != 1 || windows[0].Name != dependency.WindowName("psp") {
		t.Errorf("%+v, %v", windows, err)
	}
	if found, err := dependency.Get(t.Context(), l, "fax"); err != nil || len(found) != 0 {
		t.Errorf("%v, %v", found, err)
	}
	put("odd", `{"name":"odd","only":"tuesdays"}`)
	if _, err := dependency.List(t.Context(), l); err == nil || !strings.Contains(err.Error(), `the external dependency "odd" (revision 1)`) {
		t.Errorf("%v", err)
	}
	l.Fault = func(string, mem.Phase) error { return errors.New("disk on fire") }
	if _, err := dependency.Windows(t.Context(), l); err == nil {
		t.Error("a ledger that fails has windows")
	}
}
