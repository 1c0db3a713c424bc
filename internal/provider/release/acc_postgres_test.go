package release_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	ledgers "github.com/sluice/terraform-provider-sluice/internal/ledger/all"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/postgres/pgtest"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// ran runs a command of a guide.
func ran(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

// The whole story on an organisation's ledger: created by the first apply and not by
// a plan, an empty second plan, a rollback, a server that is away, and the same state
// when it is back.
func TestAccALedgerInPostgreSQL(t *testing.T) {
	s := newStage(t)
	server := pgtest.Start(t)
	url := server.URL("postgres")
	config := func(c string) string {
		return strings.Replace(c, `ledger = "sqlite:`+s.ledger+`"`, `ledger = "`+url+`"`, 1)
	}
	s.Write("main.tf", config(s.config(s.v1)))
	if plan := s.Plan(); plan.Exit != 2 {
		t.Fatalf("want a change: %s", plan.Output)
	}
	if _, err := ledgers.Open(t.Context(), url, ledgers.Options{MustExist: true}); err == nil {
		t.Fatal("a plan created the ledger")
	}
	s.MustApply()
	s.wantServing(s.v1)
	s.MustBeSettled()
	s.Write("main.tf", config(s.config(s.v2)))
	s.MustApply()
	s.wantServing(s.v2)
	dump := filepath.Join(t.TempDir(), "ledger.dump")
	ran(t, "pg_dump", url, "--format=custom", "--schema=sluice", "--file="+dump)
	s.Write("main.tf", config(s.config(s.v3)))
	if apply := s.Apply(); apply.Exit != 1 || !strings.Contains(apply.Text("error"), "rolled back") {
		t.Fatalf("exit %d: %s", apply.Exit, apply.Output)
	}
	s.wantServing(s.v2)

	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}
	s.Write("main.tf", config(s.config(s.v2)))
	if plan := s.Plan(); plan.Exit != 1 || !strings.Contains(plan.Text("error"), "cannot be reached") {
		t.Errorf("a server that is away: exit %d, %s", plan.Exit, plan.Text("error"))
	}
	if s.State(address) == nil {
		t.Error("the release is gone from the state")
	}
	if err := server.Run(); err != nil {
		t.Fatal(err)
	}
	s.MustBeSettled()

	// A dump of before the rollback lacks what the state has seen.
	restored := server.Database(t)
	ran(t, "pg_restore", "--dbname="+restored, "--no-owner", "--exit-on-error", dump)
	s.Write("main.tf", strings.Replace(config(s.config(s.v3)), url, restored, 1))
	s.Wants(s.Plan(), "error", "the ledger lacks records that this state has seen", "sluice ledger rebind --reason", "the stream ends at")

	l, err := ledgers.Open(t.Context(), url, ledgers.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	report, err := ledger.Verify(t.Context(), l, ledger.VerifyOptions{})
	if err != nil || report.Records < 20 {
		t.Errorf("%d records, %v", report.Records, err)
	}
	records, err := l.Read(t.Context(), key.Stream(), 1)
	if err != nil {
		t.Fatal(err)
	}
	h, err := release.Fold(key, records)
	if err != nil || len(h.Rollouts) != 3 || h.Last().State != release.RolledBack {
		t.Errorf("%+v, %v", h, err)
	}
}
