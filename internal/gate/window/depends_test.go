package window_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/calendar"
	"github.com/sluice/terraform-provider-sluice/internal/dependency"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/gate/window"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/mem"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// object declares an object under its name.
func object(t *testing.T, l ledger.Ledger, kind, name string, value any) {
	t.Helper()
	content, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ledger.PutObject(t.Context(), l, ledger.Put{Kind: kind, Name: name, Content: content, Actor: "ci", At: noon}); err != nil {
		t.Fatal(err)
	}
}

// A window for what depends on a name holds for a release that names nothing, through
// the services that the ledger declares.
func TestAWindowForWhatDependsOnAName(t *testing.T) {
	for name, c := range map[string]struct {
		dependsOn string
		services  map[string]release.Service
		want      gate.Status
		says      string
	}{
		"directly": {"psp", map[string]release.Service{"checkout": {ExternalDependencies: []string{"psp"}}}, gate.Fail, "black-friday"},
		"a service": {"payments", map[string]release.Service{"checkout": {Dependencies: []string{"payments"}}, "payments": {}}, gate.Fail,
			"black-friday"},
		"through another": {"psp", map[string]release.Service{"checkout": {Dependencies: []string{"payments"}}, "payments": {ExternalDependencies: []string{"psp"}}}, gate.Fail,
			"black-friday"},
		"round a circle": {"psp", map[string]release.Service{"checkout": {Dependencies: []string{"payments"}}, "payments": {Dependencies: []string{"checkout"}, ExternalDependencies: []string{"psp"}}}, gate.Fail,
			"black-friday"},
		"not itself":     {"checkout", map[string]release.Service{"checkout": {Dependencies: []string{"payments"}}, "payments": {Dependencies: []string{"checkout"}}}, gate.Pass, ""},
		"something else": {"sms", map[string]release.Service{"checkout": {ExternalDependencies: []string{"psp"}}}, gate.Pass, ""},
		"what nobody declares": {"pps", map[string]release.Service{"checkout": {ExternalDependencies: []string{"psp"}}}, gate.Unknown,
			`nobody can tell whether window "black-friday" holds here: its scope asks for what depends on "pps", and nothing of that name is declared`},
		"a service of which nobody knows": {"sms", map[string]release.Service{"checkout": {Dependencies: []string{"search"}}}, gate.Unknown,
			"what search needs is not known: checkout names it, and no sluice_service declares it"},
		"an undeclared name that it needs": {"search", map[string]release.Service{"checkout": {Dependencies: []string{"search"}}}, gate.Fail, "black-friday"},
	} {
		t.Run(name, func(t *testing.T) {
			l := mem.New(noon)
			object(t, l, dependency.ObjectKind, "sms", dependency.External{Name: "sms"})
			object(t, l, dependency.ObjectKind, "psp", dependency.External{Name: "psp"})
			for service, s := range c.services {
				s.Name = service
				object(t, l, release.ServiceKind, service, s)
			}
			w := with(func(w *calendar.Window) { w.Scope = calendar.Scope{DependsOn: []string{c.dependsOn}} })
			object(t, l, window.ObjectKind, w.Name, w)
			got := window.New(l).Check(t.Context(), subject, noon)
			if got.Status != c.want || !strings.Contains(got.Reason, c.says) {
				t.Errorf("%+v; want %s with %q", got, c.want, c.says)
			}
		})
	}
}

// Load has the maintenance of the external dependencies; the gate leaves it to the
// gate of that name.
func TestLoadHasTheMaintenanceOfDependencies(t *testing.T) {
	l := mem.New(noon)
	black := blackFriday()
	object(t, l, window.ObjectKind, black.Name, black)
	object(t, l, dependency.ObjectKind, "sms", dependency.External{Name: "sms", OverrideBy: []string{"*@sre"}})
	object(t, l, dependency.ObjectKind, "psp", dependency.External{Name: "psp", Maintenance: &dependency.Maintenance{TimeZone: "UTC", Absolute: black.Absolute}})
	names := func(windows []calendar.Window, err error) []string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, w := range windows {
			out = append(out, w.Name)
		}
		return out
	}
	for what, c := range map[string]struct{ got, want []string }{
		"all":         {names(window.Load(t.Context(), l)), []string{"black-friday", "dependency:psp"}},
		"declared":    {names(window.Declared(t.Context(), l)), []string{"black-friday"}},
		"overridable": {names(window.Overridable(t.Context(), l)), []string{"black-friday", "dependency:psp", "dependency:sms"}},
	} {
		if diff := cmp.Diff(c.want, c.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
}
