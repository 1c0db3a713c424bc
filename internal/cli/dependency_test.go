package cli

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// What a service needs is seen in the status, the gates and the calendar, and an
// override of it takes the command that the gate prints.
func TestADependencyIsSeenAndOverridden(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	l := w.open()
	for kind, objects := range map[string]map[string]string{
		"service": {
			"checkout": `{"name":"checkout","dependencies":["payments","fax"]}`,
			"payments": `{"name":"payments","team":"money","external_dependencies":["psp"]}`,
			"fax":      `{"name":"fax","external_dependencies":["carrier"]}`,
		},
		"external_dependency": {
			"psp":     `{"name":"psp","team":"money","contact":"desk@psp.example","override_by":["kim@acme"],"maintenance":{"time_zone":"UTC","absolute":[{"starts_at":"2026-03-01","ends_at":"2026-03-08"}]}}`,
			"carrier": `{"name":"carrier"}`,
			"unused":  `{"name":"unused"}`,
		},
	} {
		for name, content := range objects {
			if _, err := ledger.PutObject(t.Context(), l, ledger.Put{Kind: kind, Name: name, Content: json.RawMessage(content), Actor: "ci@acme", At: w.clock.Now()}); err != nil {
				t.Fatal(err)
			}
		}
	}
	contains(t, w.expect(Done, "status", "checkout/production").out, "Needs", "payments  service  (money)", "psp  external dependency, through payments  (money, desk@psp.example)", "carrier  external dependency, through fax")
	if out := w.expect(Done, "status").out; strings.Contains(out, "Needs") {
		t.Errorf("the status of all says what each needs:\n%s", out)
	}
	var status statusJSON
	if err := json.Unmarshal([]byte(w.expect(Done, "status", "checkout/production", "--json").out), &status); err != nil {
		t.Fatal(err)
	}
	want := []needJSON{
		{Name: "payments", Kind: "service", By: "checkout", Declared: true, Owner: "money"},
		{Name: "fax", Kind: "service", By: "checkout", Declared: true},
		{Name: "psp", Kind: "external_dependency", By: "payments", Declared: true, Owner: "money, desk@psp.example"},
		{Name: "carrier", Kind: "external_dependency", By: "fax", Declared: true},
	}
	if diff := cmp.Diff(want, status.Releases[0].Needs); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	contains(t, w.expect(Blocked, "gates", "checkout/production").out, `freeze "dependency:psp"`, "checkout needs it through payments", "--window dependency:psp")
	contains(t, w.expect(Done, "calendar", "checkout/production", "--month", "2026-03").out, "dependency:psp")
	contains(t, w.expect(Done, "calendar", "--ics").out, "SUMMARY", "dependency:psp")
	if out := w.expect(Done, "calendar", "--service", "search", "--ics").out; strings.Contains(out, "psp") {
		t.Errorf("who does not need it has its maintenance:\n%s", out)
	}
	override := []string{"override", "checkout/production", "--digest", first.Digest(), "--reason", "outage", "--expires", "2h", "--window"}
	contains(t, w.expect(BadUsage, append(override, "psp")...).errors, `the ledger declares no window "psp"`, "dependency:psp")
	w.expect(Blocked, append(override, "dependency:psp", "--actor", "lee@acme")...)
	w.expect(Done, append(override, "dependency:carrier")...) // One without a maintenance: its checks.
	w.expect(Done, append(override, "dependency:psp")...)
	contains(t, w.expect(Done, "gates", "checkout/production").out, "OVERRIDDEN")
}
