package e2e

import (
	"flag"
	"os"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/lab/labtest"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/s3/s3test"
)

// full has drivers killed as often on each ledger as on SQLite: "make proof" gives it.
var full = flag.Bool("full", false, "kill fifty drivers on each ledger")

// TestMain makes this test's executable three things: the test, a service that a
// lab runs, and a driver that a test may kill.
func TestMain(m *testing.M) {
	// What the machine's user has set must not lead elsewhere.
	s3test.Env(func(name, value string) { _ = os.Setenv(name, value) })
	labtest.Child()
	driveChild()
	os.Exit(m.Run())
}
