package release_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/provider/acctest"
	"github.com/sluice/terraform-provider-sluice/internal/provider/client"
)

// backup copies the ledger's files while nobody writes.
func (s *stage) backup(name string) string {
	s.t.Helper()
	copied := filepath.Join(s.Dir, name)
	for _, part := range []string{"", "-wal"} {
		data, err := os.ReadFile(s.ledger + part)
		if os.IsNotExist(err) && part != "" {
			continue
		}
		if err == nil {
			err = os.WriteFile(copied+part, data, 0o600)
		}
		if err != nil {
			s.t.Fatal(err)
		}
	}
	return copied
}

// A ledger that was brought back from a copy taken before the last rollout is whole by
// itself. The state has seen more: nothing goes forward until a person says that the loss
// is known. TestTheDrill goes back meanwhile.
func TestAccALedgerThatLostItsNewestRecordsIsNoticed(t *testing.T) {
	s := newStage(t)
	s.ship(s.v1)
	old := s.backup("old.db")
	s.ship(s.v2)
	right := s.ledger
	s.ledger = old
	s.Write("main.tf", s.config(s.v2))
	plan := s.Plan()
	if plan.Exit != 1 {
		t.Fatalf("the plan went through: exit %d, %s", plan.Exit, plan.Output)
	}
	s.Golden("a ledger that lost its newest records", plan, "error")
	s.Wants(plan, "error", "Unable to plan release checkout/production", "the ledger lacks records that this state has seen", "sluice ledger rebind --reason", "the stream ends at")
	s.Wants(plan, "warning", "Unable to read release checkout/production")
	s.MustFail("the ledger lacks records that this state has seen")
	// Without a refresh it is the plan that tells, also of a release that stays as it is.
	s.Write("main.tf", s.config(s.v1))
	s.Wants(s.Run("plan", "-json", "-input=false", "-refresh=false"), "error", "the ledger lacks records that this state has seen")
	s.Write("main.tf", s.config(s.v2))
	s.Wants(s.Run("plan", "-json", "-input=false", "-refresh=false"), "warning", "Unable to plan release checkout/production")
	s.wantServing(s.v2)

	// Nor does a drift check bring back what it says, where the release itself is to stay as
	// that ledger has it.
	s.Write("main.tf", watched(s.config(s.v1), "remediate", ""))
	s.Apply() // The first look of the check is none of its repairs.
	plan = s.Plan()
	if plan.Exit != 1 {
		t.Fatalf("a repair by what the ledger lacks is planned: exit %d, %s", plan.Exit, plan.Text("warning"))
	}
	s.Wants(plan, "error", "Unable to repair release checkout/production", "the ledger lacks records that this state has seen", "sluice ledger rebind --reason")
	s.wantServing(s.v2)

	// The right one is still the right one: nothing was spoilt by the look at another.
	s.ledger = right
	s.Write("main.tf", s.config(s.v2))
	s.Apply() // Which knows nothing of the drift check, and says so.
	s.MustBeSettled()

	s.ledger = old
	c := &client.Client{World: acctest.World(), URL: "sqlite:" + old}
	l, err := c.Writing(t.Context())
	if err == nil {
		err = ledger.Rebind(t.Context(), l, "", "restored the copy of this morning", "operator@acme", c.Clock.Now())
	}
	if err != nil {
		t.Fatal(err)
	}
	s.Write("main.tf", s.config(s.v2))
	if plan = s.Plan(); plan.Exit != 2 {
		t.Fatalf("it is known, and the plan fails: exit %d, %s", plan.Exit, plan.Output)
	}
	s.MustApply()
	s.wantServing(s.v2)
	s.MustBeSettled()
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}
