package release_test

import (
	"context"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/sluice/terraform-provider-sluice/internal/lab"
	"github.com/sluice/terraform-provider-sluice/internal/lab/labtest"
	"github.com/sluice/terraform-provider-sluice/internal/lab/service"
	"github.com/sluice/terraform-provider-sluice/internal/provider/acctest"
	"github.com/sluice/terraform-provider-sluice/internal/provider/client"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// BenchmarkSteady is what the provider does for one release in a plan that finds
// nothing to do: Terraform reads it, validates it twice and plans it once.
func BenchmarkSteady(b *testing.B) {
	l := labtest.Start(b, lab.Config{Traffic: 1})
	ledger := b.TempDir() + "/ledger.db"
	p := acctest.Speak(b, acctest.World(), "sqlite:"+ledger)
	ctx := context.Background()
	first := l.Artifact(service.Descriptor{Version: "1.0.0"})
	c := &client.Client{World: acctest.World(), URL: "sqlite:" + ledger, Actor: "bench@acme"}
	opened, err := c.Writing(ctx)
	if err != nil {
		b.Fatal(err)
	}
	e := c.Engine(opened)
	if _, err := e.Ship(ctx, release.ShipRequest{
		Owner: release.Owner{ID: "bench", Label: "bench"},
		Spec: release.Spec{
			Service: "checkout", Environment: release.Environment{Name: "production"}, Payload: first,
			Target:   target.Config{Driver: "contract", Config: []byte(`{"url":"` + l.Contract + `"}`)},
			Strategy: strategy.Definition{Name: "careful", AllAtOnce: &strategy.AllAtOnce{}},
		},
	}); err != nil {
		b.Fatal(err)
	}
	schemas, err := p.GetResourceIdentitySchemas(ctx, &tfprotov6.GetResourceIdentitySchemasRequest{})
	if err != nil {
		b.Fatal(err)
	}
	identity := schemas.IdentitySchemas["sluice_release"].ValueType()
	imported, err := p.ImportResourceState(ctx, &tfprotov6.ImportResourceStateRequest{TypeName: "sluice_release", Identity: &tfprotov6.ResourceIdentityData{
		IdentityData: p.Value(tftypes.NewValue(identity, map[string]tftypes.Value{"service": tftypes.NewValue(tftypes.String, "checkout"), "environment": tftypes.NewValue(tftypes.String, "production")})),
	}})
	if err != nil {
		b.Fatal(err)
	}
	one := imported.ImportedResources[0]
	b.ReportAllocs()
	for b.Loop() {
		read, err := p.ReadResource(ctx, &tfprotov6.ReadResourceRequest{TypeName: "sluice_release", CurrentState: one.State, Private: one.Private, CurrentIdentity: one.Identity})
		if err != nil || len(read.Diagnostics) > 0 {
			b.Fatal(err, read.Diagnostics)
		}
		for range 2 {
			if _, err := p.ValidateResourceConfig(ctx, &tfprotov6.ValidateResourceConfigRequest{TypeName: "sluice_release", Config: read.NewState}); err != nil {
				b.Fatal(err)
			}
		}
		if _, err := p.PlanResourceChange(ctx, &tfprotov6.PlanResourceChangeRequest{
			TypeName: "sluice_release", Config: read.NewState, PriorState: read.NewState, ProposedNewState: read.NewState, PriorIdentity: one.Identity,
		}); err != nil {
			b.Fatal(err)
		}
	}
}
