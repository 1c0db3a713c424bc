package ecs_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/mem"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// An engine that dies after any write, before it has written down what came of it,
// is followed by another, and nothing is made twice.
func TestTheEngineDiesAfterAnyWrite(t *testing.T) {
	whole := []string{"RegisterTaskDefinition", "UpdateService", "ContinueServiceDeployment", "ContinueServiceDeployment", "ContinueServiceDeployment", "ContinueServiceDeployment", "TagResource"}
	for crash := range whole {
		t.Run(fmt.Sprint(crash+1), func(t *testing.T) {
			clk := clock.NewAuto(start)
			s := serve(t, clk)
			book := mem.New(start)
			first, dead := dying(book, clk, func() bool { return len(s.Made()) > crash })
			if _, err := first.Ship(t.Context(), want(t, s, b, canary(10))); !errors.Is(err, dead) {
				t.Fatalf("the first: %v", err)
			}
			out, err := drive(book, clk, "second").Ship(t.Context(), want(t, s, b, canary(10)))
			if err != nil || out.Result != release.Shipped && out.Result != release.Adopted {
				t.Fatalf("the second: %s, %v", out.Result, err)
			}
			if diff := cmp.Diff(whole, s.Made()); diff != "" {
				t.Errorf("writes (-want +got):\n%s", diff)
			}
			if len(s.Deployments) != 2 || s.Tasks[s.Serving.Task].Image() != b.Reference {
				t.Errorf("%d deployments, %s serves", len(s.Deployments), s.Tasks[s.Serving.Task].Image())
			}
		})
	}
}
