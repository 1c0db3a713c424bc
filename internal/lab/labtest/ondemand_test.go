package labtest_test

import (
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/lab"
	"github.com/sluice/terraform-provider-sluice/internal/lab/labtest"
)

func TestMain(m *testing.M) { labtest.Main(m) }

// The traffic is full while somebody reads the metrics, and a trickle before and after.
func TestTheTrafficFlowsForWhoeverLooks(t *testing.T) {
	l := labtest.StartOnDemand(t, lab.Config{Traffic: 100})
	if rate := l.Status().TrafficRate; rate != 20 {
		t.Errorf("%g requests a second before anybody looked", rate)
	}
	if text := l.Scrape(); text == "" {
		t.Error("the metrics are empty")
	}
	labtest.Eventually(t, 10*time.Second, "the traffic is full", func() bool { return l.Status().TrafficRate == 100 })
	labtest.Eventually(t, 30*time.Second, "the traffic is a trickle again", func() bool { return l.Status().TrafficRate == 20 })
}
