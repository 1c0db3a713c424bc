package release_test

import (
	"bytes"
	"strings"
	"sync"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/cli"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/postgres/pgtest"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/s3/s3test"
	"github.com/sluice/terraform-provider-sluice/internal/provider/acctest"
)

// asks runs a command on the stage's ledger and gives its exit code and what it said.
func (s *stage) asks(args ...string) (code int, said string) {
	var out bytes.Buffer
	code = cli.Main(s.t.Context(), "test", append(args, "--ledger", s.url(), "--actor", "cron@acme"), strings.NewReader(""), &out, &out)
	return code, out.String()
}

// A rollout that an apply leaves is taken up by a job, and then by the next apply, while
// somebody waits for its end.
func TestAccWait_AJobTakesItUpInPostgreSQL(t *testing.T) {
	s := newStage(t)
	s.elsewhere = pgtest.Start(t).URL("postgres")
	s.ship(s.v1, threeSteps)
	s.Write("main.tf", s.config(s.v2, threeSteps, waits("step")))
	s.mustGoOn()
	s.wantState("1.1.0", "stepping")
	var waiting sync.WaitGroup
	var code int
	var said lockedBuffer
	waiting.Go(func() {
		code = cli.Main(t.Context(), "test", []string{"wait", "checkout/production", "--ledger", s.url()}, strings.NewReader(""), &said, &said)
	})
	acctest.Eventually(t, "somebody waits", func() bool { return strings.Contains(said.String(), "20 %") })
	if code, said := s.asks("continue", "checkout/production", "--wait", "step"); code != cli.Done || !strings.Contains(said, "progressing, 50 %, step 3 of 3") {
		t.Errorf("the job ends with %d: %s", code, said)
	}
	s.MustApply()
	s.wantServing(s.v2)
	s.wantState("1.1.0", "steady")
	waiting.Wait()
	if code != cli.Done || !strings.Contains(said.String(), "succeeded") {
		t.Errorf("who waited ends with %d: %s", code, said.String())
	}
	if n := len(s.history().Rollouts); n != 2 {
		t.Errorf("there are %d rollouts", n)
	}
}

// What went back while nobody of this state looked is no success of the job that went on with
// it, of whoever waits, or of the next run.
func TestAccWait_ARollbackInBetweenFailsTheNextApplyInS3(t *testing.T) {
	s := newStage(t)
	server := s3test.Fake(t)
	s.elsewhere = server.URL(server.Bucket(t), "acme")
	s.ship(s.v1, threeSteps)
	s.Write("main.tf", s.config(s.v3, threeSteps, waits("started")))
	s.mustGoOn()
	s.wantState("1.2.0", "preparing")
	for _, args := range [][]string{{"continue", "--all"}, {"wait", "checkout/production"}} {
		if code, said := s.asks(args...); code != cli.RolledBack || !strings.Contains(said, "rolled back") {
			t.Errorf("%s ends with %d: %s", args, code, said)
		}
	}
	plan := s.Plan()
	if plan.Exit != 2 || !s.Change(address).Actions.Update() {
		t.Fatalf("want the same change again: %s", plan.Output)
	}
	again := s.Apply()
	if again.Exit != 1 {
		t.Fatalf("the apply went through: %s", again.Output)
	}
	s.Wants(again, "error", "Unable to release checkout 1.2.0 to production: blocked", "quarantine")
	s.wantState("1.0.0", "steady")
	s.wantServing(s.v1)
}

// lockedBuffer is written to by one and read by another.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write implements io.Writer.
func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

// String is what was written so far.
func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
