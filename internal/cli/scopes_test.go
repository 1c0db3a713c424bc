package cli

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/calendar"
	"github.com/sluice/terraform-provider-sluice/internal/gate/window"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	ledgers "github.com/sluice/terraform-provider-sluice/internal/ledger/all"
	"github.com/sluice/terraform-provider-sluice/internal/release/survey"
)

// above makes the ledger of the organisation, with a freeze, and says that the world's
// is below it.
func (w *world) above(name string) {
	w.t.Helper()
	l, err := ledgers.Open(w.t.Context(), "sqlite:"+name, ledgers.Options{Clock: w.clock})
	if err != nil {
		w.t.Fatal(err)
	}
	defer l.Close()
	freeze := calendar.Window{
		Name: "audit", Kind: calendar.Freeze, TimeZone: "UTC", Absolute: []calendar.Span{{StartsAt: "2026-01-01", EndsAt: "2026-12-31"}},
	}
	content, err := json.Marshal(freeze)
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := ledger.PutObject(w.t.Context(), l, ledger.Put{Kind: window.ObjectKind, Name: freeze.Name, Content: content, Actor: "x", At: w.clock.Now()}); err != nil {
		w.t.Fatal(err)
	}
	for key, value := range map[string]string{"SLUICE_SCOPE": "", "SLUICE_ABOVE": "", "SLUICE_LEDGER": "sqlite:" + name} {
		w.env[key] = value
	}
	w.must("ledger", "scope", "acme")
	w.must("hold", "service/checkout", "--reason", "audit")
	delete(w.env, "SLUICE_LEDGER")
	w.env["SLUICE_SCOPE"], w.env["SLUICE_ABOVE"] = "acme/retail", "acme=sqlite:"+name
}

func (w *world) must(args ...string) string {
	w.t.Helper()
	r := w.run(args...)
	if r.code != Done {
		w.t.Fatalf("%v: exit %d: %s%s", args, r.code, r.out, r.errors)
	}
	return r.out
}

func (w *world) wants(code int, says string, args ...string) {
	w.t.Helper()
	r := w.run(args...)
	if text := strings.Join(strings.Fields(r.out+" "+r.errors), " "); r.code != code || !strings.Contains(text, says) {
		w.t.Errorf("%v: exit %d, want %d with %q: %s", args, r.code, code, says, text)
	}
}

func TestTheCommandLineLooksUpwards(t *testing.T) {
	w := newWorld(t)
	for _, p := range []string{"1.0.0", "1.1.1"} {
		if _, err := w.ship(t.Context(), payload(p)); err != nil {
			t.Fatal(err)
		}
	}
	w.above("acme.db")
	w.wants(Done, "acme/retail its own", "ledger", "scope", "acme/retail")
	w.wants(Blocked, `freeze "acme/audit"`, "gates", "checkout/production")
	w.wants(Blocked, "service checkout is on hold by kim@acme for the scope acme", "gates", "checkout/production")
	w.wants(Done, "in the ledger of the scope acme", "hold", "list")
	w.wants(Done, `"declared_in": "acme"`, "status", "--json")
	w.wants(Blocked, "is of the scope acme, which is above, so nobody can override it here", "override", "checkout/production", "--digest", "1.1.1", "--window", "acme/audit", "--reason", "x", "--expires", "1h")
	w.wants(BadUsage, "the ledger says that acme is above it", "ledger", "scope", "acme/retail", "--alone", "--above", "")
	w.wants(Failed, "and not that of acme/toys", "hold", "all", "--reason", "x", "--scope", "acme/toys")
	w.wants(BadUsage, "is of another organisation than globex2/x", "gates", "checkout/production", "--above", "globex=sqlite:acme.db", "--scope", "globex2/x")

	// Away: what goes forward is blocked, what looks still looks, what goes back goes.
	if err := os.Rename("acme.db", "away.db"); err != nil {
		t.Fatal(err)
	}
	w.wants(Blocked, "unable to read the ledger of the scope acme, which is above", "gates", "checkout/production")
	w.wants(Done, "unable to read the ledger of the scope acme", "status")
	w.wants(Failed, "cannot be read", "ledger", "scope")
	begun := w.clock.Now()
	w.wants(Done, "1.0.0", "rollback", "checkout/production", "--reason", "slow")
	if w.clock.Now().Sub(begun).Minutes() > 1 {
		t.Error("the rollback waited")
	}
	// And even where what is above is given wrongly.
	w.env["SLUICE_ABOVE"] = "nonsense"
	w.wants(BadUsage, "is given as SCOPE=URL", "gates", "checkout/production")
	w.env["SLUICE_ABOVE"] = ""
	w.wants(Blocked, "says that acme is above it, and no ledger of acme is given", "gates", "checkout/production")
	w.wants(Done, "its own", "ledger", "scope", "acme/retail", "--alone", "--reason", "sold")
}

// TestAWayBackGoesOnWhereAboveIsNonsense: what is given wrongly of the scopes above stops
// what goes forward, and nothing else.
func TestAWayBackGoesOnWhereAboveIsNonsense(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	w.broken(good, 2)
	w.env["SLUICE_ABOVE"] = "nonsense"
	w.wants(BadUsage, "is given as SCOPE=URL", "continue", "checkout/production")
	w.wants(BadUsage, "is given as SCOPE=URL", "continue", "--all")
	if s := w.target.State(); s.Weight == 0 {
		t.Error("what was open is not open any more")
	}
	for _, all := range []string{"checkout/production", "--all"} {
		w.env["SLUICE_ABOVE"] = ""
		w.run("abort", "checkout/production", "--reason", "x", "--request")
		w.env["SLUICE_ABOVE"] = "nonsense"
		if r := w.run("continue", all); strings.Contains(r.errors, "SCOPE=URL") {
			t.Errorf("%s: %s", all, r.errors)
		}
		w.serves("1.0.0")
		w.env["SLUICE_ABOVE"] = ""
		w.broken(good, 2)
	}
}

func TestReleasesOfSeveralLedgers(t *testing.T) {
	w := newWorld(t)
	if _, err := w.ship(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	w.must("ledger", "scope", "acme/retail")
	if err := os.Rename(".sluice/ledger.db", "retail.db"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.ship(t.Context(), good); err != nil {
		t.Fatal(err)
	}
	var got releasesJSON
	if err := json.Unmarshal([]byte(w.must("releases", "--of", "acme/retail=sqlite:retail.db", "--json")), &got); err != nil || len(got.Releases) != 2 {
		t.Fatalf("%+v, %v", got, err)
	}
	if r := got.Releases[1]; r.Scope != "acme/retail" || r.Version != "1.0.0" || r.State != survey.Steady || r.Owner != owner.Label || r.Digest != first.Digest() || r.ChangedAt == "" {
		t.Errorf("%+v", r)
	}
	w.wants(Done, "No release.", "releases", "--environment", "staging")
	w.wants(Done, "No release.", "releases", "--state", "stepping")
	w.wants(BadUsage, "is no state of a release", "releases", "--state", "moving")
	w.wants(Failed, "cannot be listed: the ledger is that of the scope acme/retail", "releases", "--of", "acme/toys=sqlite:retail.db")
	w.wants(Failed, "checkout/production", "releases", "--of", "acme/toys=sqlite:none.db")

	// One that is named twice is listed once.
	if err := json.Unmarshal([]byte(w.must("releases", "--of", "acme/retail=sqlite:retail.db", "--ledger", "sqlite:retail.db", "--json")), &got); err != nil || len(got.Releases) != 1 {
		t.Errorf("%+v, %v", got, err)
	}
	// Where nobody named one of its own, the others are all; one that was named is missed.
	if err := os.Rename(".sluice/ledger.db", "away.db"); err != nil {
		t.Fatal(err)
	}
	w.wants(Done, "checkout/production", "releases", "--of", "acme/retail=sqlite:retail.db")
	w.env["CI"] = "true"
	w.wants(Done, "checkout/production", "releases", "--of", "acme/retail=sqlite:retail.db")
	w.wants(BadUsage, "the ledger must be named here", "releases")
	w.wants(Failed, "checkout/production", "releases", "--of", "acme/retail=sqlite:retail.db", "--ledger", "sqlite:none.db")
	w.wants(Failed, "the ledger cannot be listed: ", "releases", "--of", "acme/retail=sqlite:retail.db", "--ledger", "sqlite:none.db")
}
