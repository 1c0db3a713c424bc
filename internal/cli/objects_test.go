package cli

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

func TestObjectsAreListed(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	contains(t, w.expect(Done, "objects").out, "Nothing of that is declared.")
	l := w.open()
	for _, o := range []struct{ kind, name string }{
		{"environment", "production"}, {"environment", "staging"}, {"drift_check", "checkout@production"}, {"hold", "all"}, {"service", "a@b"},
	} {
		if _, err := ledger.PutObject(t.Context(), l, ledger.Put{Kind: o.kind, Name: o.name, Content: json.RawMessage(`{}`), Actor: "ci@acme", At: w.clock.Now()}); err != nil {
			t.Fatal(err)
		}
	}
	contains(t, w.expect(Done, "objects").out, "KIND NAME REVISION BY WHEN", "drift check checkout@production 1 ci@acme", "environment production", "service a@b")
	var got []objectJSON
	if err := json.Unmarshal([]byte(w.expect(Done, "objects", "environment", "--prefix", "prod", "--json").out), &got); err != nil {
		t.Fatal(err)
	}
	want := []objectJSON{{Kind: "environment", Name: "production", Revision: 1, By: "ci@acme", UpdatedAt: got[0].UpdatedAt, Resource: "sluice_environment", ImportID: "production"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if err := json.Unmarshal([]byte(w.expect(Done, "objects", "--json").out), &got); err != nil {
		t.Fatal(err)
	}
	ids := map[string]string{}
	for _, o := range got {
		ids[o.Resource+" "+o.Name] = o.ImportID
	}
	if len(got) != 4 || ids["sluice_drift_check checkout@production"] != "checkout/production" || ids["sluice_service a@b"] != "a@b" {
		t.Errorf("%v: holds are listed by hold list", ids)
	}
	contains(t, w.expect(BadUsage, "objects", "hold").errors, `"hold" is no kind of object that the ledger has; allowed is one of drift_check, environment, service`)
}
