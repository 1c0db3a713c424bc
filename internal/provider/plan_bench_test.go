package provider_test

import (
	"context"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/sluice/terraform-provider-sluice/internal/provider/acctest"
)

// BenchmarkPlan is what the provider does for one new object in a plan: Terraform
// validates it twice and plans it once.
func BenchmarkPlan(b *testing.B) {
	p := acctest.Speak(b, acctest.World(), "sqlite:"+b.TempDir()+"/ledger.db")
	typ := p.Type("sluice_environment").(tftypes.Object)
	config := map[string]tftypes.Value{}
	for name, t := range typ.AttributeTypes {
		config[name] = tftypes.NewValue(t, nil)
	}
	config["name"] = tftypes.NewValue(tftypes.String, "bench")
	config["tier"] = tftypes.NewValue(tftypes.String, "production")
	given := p.Value(tftypes.NewValue(typ, config))
	proposed := config
	for _, name := range []string{"definition", "ledger_id"} {
		proposed[name] = tftypes.NewValue(typ.AttributeTypes[name], tftypes.UnknownValue)
	}
	plan := &tfprotov6.PlanResourceChangeRequest{
		TypeName: "sluice_environment", Config: given,
		PriorState:       p.Value(tftypes.NewValue(typ, nil)),
		ProposedNewState: p.Value(tftypes.NewValue(typ, proposed)),
	}
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		for range 2 {
			resp, err := p.ValidateResourceConfig(ctx, &tfprotov6.ValidateResourceConfigRequest{TypeName: "sluice_environment", Config: given})
			if err != nil || len(resp.Diagnostics) > 0 {
				b.Fatal(err, resp)
			}
		}
		resp, err := p.PlanResourceChange(ctx, plan)
		if err != nil || len(resp.Diagnostics) > 0 {
			b.Fatal(err, resp)
		}
	}
}
