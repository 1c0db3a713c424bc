package provider

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/provider/client"
)

func TestTheProviderBlockComesBeforeTheEnvironmentAndTheDefault(t *testing.T) {
	cases := map[string]struct {
		ledger, actor, ttl any
		env                map[string]string
		url, who, error    string
		lease              time.Duration
	}{
		"the block": {ledger: "sqlite:/srv/l.db", actor: "ci@acme", ttl: "1m", env: map[string]string{"SLUICE_LEDGER": "sqlite:/else.db", "SLUICE_ACTOR": "else"},
			url: "sqlite:/srv/l.db", who: "ci@acme", lease: time.Minute},
		"the environment":          {env: map[string]string{"SLUICE_LEDGER": "sqlite:/srv/l.db", "SLUICE_ACTOR": "me@here", "CI": "true"}, url: "sqlite:/srv/l.db", who: "me@here"},
		"the default":              {env: map[string]string{"SLUICE_ACTOR": "me"}, url: "sqlite:.sluice/ledger.db", who: "me"},
		"a CI's names":             {ledger: "sqlite:/l.db", env: map[string]string{"GITHUB_ACTOR": "ann", "GITHUB_REPOSITORY": "acme/shop"}, url: "sqlite:/l.db", who: "ann@acme/shop"},
		"no default in CI":         {env: map[string]string{"CI": "true"}, error: "this machine is thrown away after the run"},
		"no default in remote run": {env: map[string]string{"TFC_RUN_ID": "run-1"}, error: "this is a remote run"},
		"a malformed URL":          {ledger: "sqlite:", error: "no path stands behind sqlite:"},
		"a URL of the environment": {env: map[string]string{"SLUICE_LEDGER": "mysql:x"}, error: "mysql"},
		"an empty URL":             {ledger: "", error: "it is empty"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			c, resp := configure(t, tc.env, map[string]any{"ledger": tc.ledger, "actor": tc.actor, "lease_ttl": tc.ttl})
			if tc.error != "" {
				if len(resp.Diagnostics) != 1 || !strings.Contains(resp.Diagnostics[0].Detail(), tc.error) {
					t.Fatalf("%v, want one error with %q", resp.Diagnostics, tc.error)
				}
				return
			}
			if resp.Diagnostics.HasError() || c.URL != tc.url || c.Actor != tc.who || c.LeaseTTL != tc.lease || c.Unknown {
				t.Errorf("%v: %q by %q with %s, unknown %v", resp.Diagnostics, c.URL, c.Actor, c.LeaseTTL, c.Unknown)
			}
		})
	}
}

func TestAnUnknownBlockIsAWarningAndNamesNoLedger(t *testing.T) {
	for _, name := range []string{"ledger", "actor", "lease_ttl"} {
		values := map[string]any{"ledger": "sqlite:/l.db", "actor": "x", "lease_ttl": "1m"}
		values[name] = tftypes.UnknownValue
		c, resp := configure(t, nil, values)
		if resp.Diagnostics.HasError() || resp.Diagnostics.WarningsCount() != 1 || !c.Unknown || c.URL != "" {
			t.Errorf("%s: %v, unknown %v, ledger %q", name, resp.Diagnostics, c.Unknown, c.URL)
		}
	}
}

func TestSomebodyActsEvenWhereNobodySaysWho(t *testing.T) {
	if got := client.Actor(func(string) string { return "" }); !strings.Contains(got, "@") {
		t.Errorf("the actor is %q", got)
	}
}

func configure(t *testing.T, env map[string]string, values map[string]any) (*client.Client, provider.ConfigureResponse) {
	t.Helper()
	p := NewIn(client.World{Clock: clock.System{}, Getenv: func(key string) string { return env[key] }, Dir: t.TempDir(), Version: "test"})
	var s provider.SchemaResponse
	p.Schema(context.Background(), provider.SchemaRequest{}, &s)
	members := map[string]tftypes.Value{}
	for name, a := range s.Schema.Attributes {
		members[name] = tftypes.NewValue(a.GetType().TerraformType(context.Background()), values[name])
	}
	raw := tftypes.NewValue(s.Schema.Type().TerraformType(context.Background()), members)
	var resp provider.ConfigureResponse
	p.Configure(context.Background(), provider.ConfigureRequest{Config: tfsdk.Config{Raw: raw, Schema: s.Schema}}, &resp)
	c, ok := resp.ResourceData.(*client.Client)
	if !ok {
		t.Fatalf("no client: %v", resp.Diagnostics)
	}
	return c, resp
}
