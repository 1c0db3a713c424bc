package release_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/provider/acctest"
)

// units are the workspaces of examples/business-units, with their ledgers by scope.
type units struct {
	t                  *testing.T
	ledgers            map[string]string
	acme, retail, team *acctest.Terraform
	s                  *stage
}

func newUnits(t *testing.T, ledgers map[string]string) *units {
	t.Helper()
	u := &units{t: t, ledgers: ledgers, s: newStage(t)}
	workspace := func(name string) *acctest.Terraform {
		content, err := os.ReadFile(filepath.Join("../../../examples/business-units", name, "main.tf"))
		if err != nil {
			t.Fatal(err)
		}
		tf := acctest.New(t, acctest.World())
		tf.Write("versions.tf", "") // The example's own block says it.
		tf.Write("main.tf", string(content))
		var vars strings.Builder
		for scope, url := range ledgers {
			fmt.Fprintf(&vars, "%q = %q\n", scope, url)
		}
		tf.Write("ledgers.auto.tfvars", "ledgers = {\n"+vars.String()+"}\n")
		return tf
	}
	u.acme, u.retail, u.team = workspace("organisation"), workspace("unit"), workspace("team")
	u.artifact(u.s.v1.Version, u.s.v1.Reference)
	return u
}

func (u *units) artifact(version, reference string) {
	u.team.Write("artifact.auto.tfvars", fmt.Sprintf("artifact = { version = %q, reference = %q }\ntarget = %q\n", version, reference, u.s.lab.Contract))
}

// all applies the three, from the top.
func (u *units) all() {
	u.t.Helper()
	// Its list names the ledgers below, which are not there yet.
	if applied := u.acme.Apply(); applied.Exit != 0 || strings.Count(applied.Text("warning"), "A ledger is not there yet") != 2 {
		u.t.Fatalf("exit %d: %s%s", applied.Exit, applied.Text("warning"), applied.Text("error"))
	}
	u.retail.MustApply()
	u.team.MustApply()
}

func sqliteUnits(t *testing.T) *units {
	t.Helper()
	dir := t.TempDir()
	return newUnits(t, map[string]string{
		"acme": "sqlite:" + dir + "/acme.db", "acme/retail": "sqlite:" + dir + "/retail.db", "acme/retail/checkout": "sqlite:" + dir + "/checkout.db",
	})
}

// The example: an organisation, a unit and a team, each with a workspace and a ledger.
func TestAccBusinessUnits(t *testing.T) {
	u := sqliteUnits(t)
	u.all()
	if missing, _ := u.acme.State("data.sluice_releases.everywhere")["missing"].([]any); len(missing) != 2 {
		t.Errorf("not there yet: %v", missing)
	}
	u.s.wantServing(u.s.v1)
	u.team.MustBeSettled()
	u.retail.MustBeSettled()
	found := u.team.State("data.sluice_environment.production")
	if found["scope"] != "acme" {
		t.Errorf("the environment was found in %v", found["scope"])
	}
	// The organisation sees what all of them serve.
	u.acme.MustApply()
	list, _ := u.acme.State("data.sluice_releases.everywhere")["releases"].([]any)
	if len(list) != 1 {
		t.Fatalf("it lists %v", list)
	}
	if row, _ := list[0].(map[string]any); row["scope"] != "acme/retail/checkout" || row["version"] != "1.0.0" || row["state"] != "steady" {
		t.Errorf("%v", row)
	}
	// A freeze of the organisation stops the team's next release.
	u.acme.Write("peak.auto.tfvars", `peak = [{ starts_at = "2000-01-01", ends_at = "2199-01-01" }]`+"\n")
	u.acme.MustApply()
	u.artifact(u.s.v2.Version, u.s.v2.Reference)
	if plan := u.team.Plan(); plan.Exit != 2 || !strings.Contains(plan.Text("warning"), `freeze "acme/peak"`) {
		t.Errorf("exit %d: %s", plan.Exit, plan.Text("warning"))
	}
	if apply := u.team.Apply(); apply.Exit != 1 || !strings.Contains(apply.Text("error"), `freeze "acme/peak"`) || !strings.Contains(apply.Text("error"), "in the ledger of the scope acme") {
		t.Errorf("exit %d: %s", apply.Exit, apply.Text("error"))
	}
	u.s.wantServing(u.s.v1)
}

// A ledger above that is away blocks what goes forward, and says so at plan.
func TestAccALedgerAboveThatIsAway(t *testing.T) {
	u := sqliteUnits(t)
	u.all()
	path := strings.TrimPrefix(u.ledgers["acme/retail"], "sqlite:")
	if err := os.Rename(path, path+".away"); err != nil {
		t.Fatal(err)
	}
	u.artifact(u.s.v2.Version, u.s.v2.Reference)
	example, err := os.ReadFile("../../../examples/business-units/team/main.tf")
	if err != nil {
		t.Fatal(err)
	}
	// What it finds by name it could not find now; the gates are another matter.
	head, _, _ := strings.Cut(string(example), "data \"sluice_environment\"")
	_, tail, _ := strings.Cut(string(example), "resource \"sluice_service\"")
	tail, _, _ = strings.Cut(tail, "output \"found_in\"")
	u.team.Write("main.tf", head+"resource \"sluice_service\""+strings.NewReplacer(
		"data.sluice_environment.production.definition", `{ name = "production", content = jsonencode({ name = "production", tier = "production" }) }`,
		"data.sluice_deployment_strategy.careful.definition", `{ name = "quick", content = jsonencode({ name = "quick", all_at_once = {} }) }`).Replace(tail))
	const says = "unable to read the ledger of the scope acme/retail, which is above"
	if plan := u.team.Plan(); plan.Exit != 2 || !strings.Contains(oneLine(plan.Text("warning")), says) {
		t.Errorf("exit %d: %s%s", plan.Exit, plan.Text("warning"), plan.Text("error"))
	}
	if apply := u.team.Apply(); apply.Exit != 1 || !strings.Contains(oneLine(apply.Text("error")), says) {
		t.Errorf("exit %d: %s", apply.Exit, apply.Text("error"))
	}
	u.s.wantServing(u.s.v1)
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// Mistakes are refused at plan, on the attribute.
func TestAccScopesThatDoNotFit(t *testing.T) {
	u := sqliteUnits(t)
	u.all()
	example, err := os.ReadFile("../../../examples/business-units/unit/main.tf")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ from, to, path, want string }{
		"a scope that is none":         {`"acme/retail"` + "\n  above", `"Acme/Retail"` + "\n  above", "scope", `The scope "Acme/Retail" has the part "Acme"`},
		"another scope's ledger":       {`"acme/retail"` + "\n  above", `"acme/toys"` + "\n  above", "scope", "The ledger is that of the scope acme/retail, and not that of acme/toys"},
		"another organisation's":       {`"acme/retail"` + "\n  above  = { acme = var.ledgers[\"acme\"] }", `"globex"`, "scope", "of another organisation, and not that of globex"},
		"nothing above any more":       {`above  = { acme = var.ledgers["acme"] }`, ``, "above", "says that acme is above it, and no ledger of acme is given"},
		"neither any more":             {`scope  = "acme/retail"` + "\n  above  = { acme = var.ledgers[\"acme\"] }", ``, "above", "says that acme is above it, and no ledger of acme is given"},
		"a scope above that is below":  {`{ acme = var.ledgers["acme"] }`, `{ acme = var.ledgers["acme"], "acme/retail/checkout" = "sqlite:x.db" }`, `above["acme/retail/checkout"]`, "acme/retail/checkout does not lie above acme/retail"},
		"one ledger for two scopes":    {`{ acme = var.ledgers["acme"] }`, `{ acme = var.ledgers["acme/retail"] }`, `above["acme"]`, "Its ledger is this one's too"},
		"a URL above that is none":     {`{ acme = var.ledgers["acme"] }`, `{ acme = "mysql:x" }`, `above["acme"]`, `the scheme "mysql" is unknown`},
		"a window of the organisation": {`name      = "shop-hours"`, `name = "peak"`, "name", `the scope acme, which is above, declares the change window "peak"`},
		"a service of the unit's own":  {`name = "search"`, `name = "search"`, "", ""},
	} {
		u.retail.Write("main.tf", strings.Replace(string(example), c.from, c.to, 1))
		plan := u.retail.Plan()
		seen := ""
		for _, d := range u.retail.Seen() {
			if d.Error {
				seen = d.Path
			}
		}
		if c.want == "" {
			if plan.Exit != 0 {
				t.Errorf("%s: exit %d: %s", name, plan.Exit, plan.Text("error"))
			}
			continue
		}
		if plan.Exit != 1 || !strings.Contains(plan.Text("error"), c.want) || seen != c.path {
			t.Errorf("%s: exit %d on %q: %s", name, plan.Exit, seen, plan.Text("error"))
		}
		u.retail.Golden("scopes: "+name, plan, "error")
	}
}
