package release_test

import (
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	ledgers "github.com/sluice/terraform-provider-sluice/internal/ledger/all"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/s3/s3test"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// The whole story on an organisation's ledger: created by the first apply and not by
// a plan, an empty second plan, a rollback, a store that refuses everything, and the same state
// when it does no longer.
func TestAccALedgerInS3(t *testing.T) {
	s := newStage(t)
	server := s3test.Fake(t)
	url := server.URL(server.Bucket(t), "acme/payments")
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
	s.Write("main.tf", config(s.config(s.v3)))
	if apply := s.Apply(); apply.Exit != 1 || !strings.Contains(apply.Text("error"), "rolled back") {
		t.Fatalf("exit %d: %s", apply.Exit, apply.Output)
	}
	s.wantServing(s.v2)

	server.Before(s3test.Refuse(503, "SlowDown", "Please reduce your request rate."))
	s.Write("main.tf", config(s.config(s.v2)))
	if plan := s.Plan(); plan.Exit != 1 || !strings.Contains(plan.Text("error"), "refuses requests for their number") {
		t.Errorf("a store that refuses everything: exit %d, %s", plan.Exit, plan.Text("error"))
	}
	if s.State(address) == nil {
		t.Error("the release is gone from the state")
	}
	server.Before(nil)
	s.MustBeSettled()

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
