package release_test

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/cli"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/postgres/pgtest"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/s3/s3test"
	"github.com/sluice/terraform-provider-sluice/internal/provider/acctest"
)

// asks runs a command on the stage's ledger and gives its exit code and what it said.
func (s *stage) asks(ctx context.Context, args ...string) (code int, said string) {
	var out bytes.Buffer
	code = cli.Main(ctx, "test", append(args, "--ledger", s.url(), "--actor", "cron@acme"), strings.NewReader(""), &out, &out)
	return code, out.String()
}

// A rollout that an apply leaves is taken up by a job and by the next apply, while somebody
// waits for its end, on the ledgers of an organisation as in a file.
func TestAccWait_OnTheLedgersOfAnOrganisation(t *testing.T) {
	for name, url := range map[string]func(t *testing.T) string{
		"postgres": func(t *testing.T) string { return pgtest.Start(t).URL("postgres") },
		"s3": func(t *testing.T) string {
			server := s3test.Fake(t)
			return server.URL(server.Bucket(t), "acme")
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			s.elsewhere = url(t)
			s.ship(s.v1, threeSteps)
			s.takenUp()
			s.wentBackMeanwhile()
		})
	}
}

// takenUp ships by an apply, a job and an apply again.
func (s *stage) takenUp() {
	s.t.Helper()
	s.Write("main.tf", s.config(s.v2, threeSteps, waits("step")))
	s.mustGoOn()
	s.wantState("1.1.0", "stepping")
	var waiting sync.WaitGroup
	var code int
	var said lockedBuffer
	waiting.Go(func() {
		code = cli.Main(s.t.Context(), "test", []string{"wait", "checkout/production", "--ledger", s.url()}, strings.NewReader(""), &said, &said)
	})
	acctest.Eventually(s.t, "somebody waits", func() bool { return strings.Contains(said.String(), "20 %") })
	if code, said := s.asks(s.t.Context(), "continue", "checkout/production", "--wait", "step"); code != 0 || !strings.Contains(said, "progressing, 50 %, step 3 of 3") {
		s.t.Errorf("the job ends with %d: %s", code, said)
	}
	s.MustApply()
	s.wantServing(s.v2)
	s.wantState("1.1.0", "steady")
	waiting.Wait()
	if code != 0 || !strings.Contains(said.String(), "succeeded") {
		s.t.Errorf("who waited ends with %d: %s", code, said.String())
	}
	if n := len(s.history().Rollouts); n != 2 {
		s.t.Errorf("there are %d rollouts", n)
	}
}

// wentBackMeanwhile: a job finds that a release went back, and so does everybody after it.
func (s *stage) wentBackMeanwhile() {
	s.t.Helper()
	s.Write("main.tf", s.config(s.v3, threeSteps, waits("started")))
	s.mustGoOn()
	for _, args := range [][]string{{"continue", "--all"}, {"wait", "checkout/production"}} {
		if code, said := s.asks(s.t.Context(), args...); code != cli.RolledBack || !strings.Contains(said, "rolled back") {
			s.t.Errorf("%s ends with %d: %s", args, code, said)
		}
	}
	again := s.Apply()
	if again.Exit != 1 {
		s.t.Fatalf("the apply went through: %s", again.Output)
	}
	s.Wants(again, "error", "Unable to release checkout 1.2.0 to production: blocked", "quarantine")
	s.wantServing(s.v2)
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
