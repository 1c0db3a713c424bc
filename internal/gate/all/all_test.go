package all_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/gate/all"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/mem"
)

// The order is what a plan shows, and every result carries its gate's name.
func TestNew(t *testing.T) {
	now := time.Date(2026, 11, 27, 14, 3, 0, 0, time.UTC)
	gates := all.New(mem.New(now), nil, nil)
	var names, results []string
	for _, g := range gates {
		names = append(names, g.Name())
	}
	for _, r := range gate.CheckAll(context.Background(), gates, gate.Subject{Service: "checkout", Environment: "production"}, now) {
		results = append(results, r.Gate+" "+string(r.Status))
	}
	if diff := cmp.Diff([]string{"window", "quarantine", "hold", "drift", "dependency", "rehearsal", "evidence"}, names); diff != "" {
		t.Errorf("the gates (-want +got):\n%s", diff)
	}
	// Without a digest nobody can tell about the quarantine.
	if diff := cmp.Diff([]string{"window pass", "quarantine unknown", "hold pass", "drift pass", "dependency pass", "rehearsal pass"}, results); diff != "" {
		t.Errorf("their answers (-want +got):\n%s", diff)
	}
}
