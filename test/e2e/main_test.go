package e2e

import (
	"os"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/lab/labtest"
)

// TestMain makes this test's executable three things: the test, a service that a
// lab runs, and a driver that a test may kill.
func TestMain(m *testing.M) {
	labtest.Child()
	driveChild()
	os.Exit(m.Run())
}
