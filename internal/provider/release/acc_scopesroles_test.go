package release_test

import (
	"fmt"
	"path"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	ledgers "github.com/sluice/terraform-provider-sluice/internal/ledger/all"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/postgres/pgtest"
	"github.com/sluice/terraform-provider-sluice/internal/provider/acctest"
)

// unitsWithRoles are the workspaces on schemas of one PostgreSQL, each with a role of its
// own by the documented file: it writes its own schema, reads those above, and nothing
// else.
func unitsWithRoles(t *testing.T, server *pgtest.Server) *units {
	t.Helper()
	schema := func(name string) string { return server.URL("postgres") + "&sluice_schema=" + name }
	u := newUnits(t, map[string]string{"acme": schema("acme"), "acme/retail": schema("retail"), "acme/retail/checkout": schema("checkout")})
	for role, workspace := range map[string]*acctest.Terraform{"acme_ci": u.acme, "retail_ci": u.retail, "checkout_ci": u.team} {
		var vars strings.Builder
		for scope, url := range u.ledgers {
			fmt.Fprintf(&vars, "%q = %q\n", scope, strings.Replace(url, "//admin@", "//"+role+"@", 1))
		}
		workspace.Write("ledgers.auto.tfvars", "ledgers = {\n"+vars.String()+"}\n")
	}
	return u
}

// begun makes the ledger of a scope, as its administrator does, with the role of its
// workspace.
func (u *units) begun(server *pgtest.Server, scope string, roles string) {
	u.t.Helper()
	l, err := ledgers.Open(u.t.Context(), u.ledgers[scope], ledgers.Options{})
	if err != nil {
		u.t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		u.t.Fatal(err)
	}
	name := path.Base(scope)
	ran(u.t, "psql", server.URL("postgres"), "--no-psqlrc", "--set=ON_ERROR_STOP=1", "--set=schema="+name, "--set=prefix="+name, "--file=../../../docs/sql/postgres-roles.sql")
	pgtest.Exec(u.t, server.URL("postgres"), roles)
}

// A unit's workspace needs no more than to read what is above it, and no less.
func TestAccBusinessUnitsInPostgreSQL(t *testing.T) {
	server := pgtest.Start(t)
	u := unitsWithRoles(t, server)
	u.begun(server, "acme", "CREATE ROLE acme_ci LOGIN IN ROLE acme_releaser")
	// Its list names the ledgers below, which are not there yet.
	if applied := u.acme.Apply(); applied.Exit != 0 {
		t.Fatalf("exit %d: %s", applied.Exit, applied.Text("error"))
	}
	u.begun(server, "acme/retail", "CREATE ROLE retail_ci LOGIN IN ROLE retail_releaser, acme_reader")
	u.retail.MustApply()
	u.begun(server, "acme/retail/checkout", "CREATE ROLE checkout_ci LOGIN IN ROLE checkout_releaser, retail_reader, acme_reader")
	u.team.MustApply()
	// The organisation's example lists those below.
	pgtest.Exec(t, server.URL("postgres"), "GRANT retail_reader, checkout_reader TO acme_ci")
	u.s.wantServing(u.s.v1)
	u.team.MustBeSettled()
	for scope, above := range map[string]string{"acme/retail": "acme", "acme/retail/checkout": "acme/retail acme"} {
		l, err := ledgers.Open(t.Context(), u.ledgers[scope], ledgers.Options{ReadOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = l.Close() }()
		if got, err := ledger.ScopeOf(t.Context(), l); err != nil || got.Scope != scope || strings.Join(got.Above, " ") != above {
			t.Errorf("%+v, %v", got, err)
		}
	}
	u.acme.Write("peak.auto.tfvars", `peak = [{ starts_at = "2000-01-01", ends_at = "2199-01-01" }]`+"\n")
	u.acme.MustApply()
	u.artifact(u.s.v2.Version, u.s.v2.Reference)
	u.team.MustFail(`freeze "acme/peak"`)
	u.s.wantServing(u.s.v1)
	// What may not be read does not count as nothing.
	pgtest.Exec(t, server.URL("postgres"), "REVOKE acme_reader FROM checkout_ci")
	u.team.MustFail("the ledger of the scope acme, which is above", "sluice_reader")
	u.s.wantServing(u.s.v1)
}
