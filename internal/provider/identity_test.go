package provider_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/sluice/terraform-provider-sluice/internal/provider/acctest"
)

// identities are what states hold of each resource.
var identities = map[string]map[string]string{
	"sluice_release": {"service": "checkout", "environment": "production"},
}

func identityOf(resource string) map[string]string {
	if id, ok := declaredOnes[resource]; ok {
		return id
	}
	return identities[resource]
}

// TestAnIdentityKeepsItsMembersWhileItsVersionStays fails when the members of an
// identity change without a new version and an upgrader: old states would lose it.
// Terraform asks for no upgrade while the version is the same.
func TestAnIdentityKeepsItsMembersWhileItsVersionStays(t *testing.T) {
	url, _ := declare(t)
	p := acctest.Speak(t, acctest.World(), url)
	schemas, err := p.GetResourceIdentitySchemas(t.Context(), &tfprotov6.GetResourceIdentitySchemasRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for resource, schema := range schemas.IdentitySchemas {
		want, got := identityOf(resource), map[string]bool{}
		for _, a := range schema.IdentityAttributes {
			got[a.Name] = true
		}
		if len(want) == 0 {
			t.Errorf("%s: this test does not know its identity: add it, and leave those that are there", resource)
			continue
		}
		for name := range want {
			if !got[name] {
				t.Errorf("%s: %s is gone", resource, name)
			}
		}
		if len(got) != len(want) || schema.Version != 0 {
			t.Errorf("%s: version %d with %v, want 0 with %v", resource, schema.Version, got, want)
		}
		raw, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		// One that a later version of the provider wrote is refused, and not misread.
		resp, err := p.UpgradeResourceIdentity(t.Context(), &tfprotov6.UpgradeResourceIdentityRequest{TypeName: resource, Version: 1, RawIdentity: &tfprotov6.RawState{JSON: raw}})
		if err != nil || acctest.Errors(resp.Diagnostics) == nil {
			t.Errorf("%s: an identity of version 1 was taken: %v", resource, err)
		}
	}
}

// TestAnIdentityIsGivenFromTheFirstApplyOn creates and updates an object, and wants
// the same identity after both.
func TestAnIdentityIsGivenFromTheFirstApplyOn(t *testing.T) {
	url, id := declare(t)
	p := acctest.Speak(t, acctest.World(), url)
	typ := p.Type("sluice_environment")
	config := func(tier string) tftypes.Value {
		return acctest.Filled(typ, map[string]tftypes.Value{"name": acctest.Text("staging"), "tier": acctest.Text(tier)})
	}
	prior := tftypes.NewValue(typ, nil)
	state := p.Value(prior)
	var identity *tfprotov6.ResourceIdentityData
	for _, tier := range []string{"staging", "production"} {
		proposed := config(tier)
		if !prior.IsNull() {
			proposed = acctest.Filled(typ, map[string]tftypes.Value{"name": acctest.Text("staging"), "tier": acctest.Text(tier), "ledger_id": acctest.Text(id)})
		}
		planned, err := p.PlanResourceChange(t.Context(), &tfprotov6.PlanResourceChangeRequest{
			TypeName: "sluice_environment", PriorState: state, Config: p.Value(config(tier)), ProposedNewState: p.Value(proposed), PriorIdentity: identity,
		})
		if err == nil {
			err = acctest.Errors(planned.Diagnostics)
		}
		if err != nil {
			t.Fatal(err)
		}
		applied, err := p.ApplyResourceChange(t.Context(), &tfprotov6.ApplyResourceChangeRequest{
			TypeName: "sluice_environment", PriorState: state, Config: p.Value(config(tier)), PlannedState: planned.PlannedState, PlannedIdentity: planned.PlannedIdentity, PlannedPrivate: planned.PlannedPrivate,
		})
		if err == nil {
			err = acctest.Errors(applied.Diagnostics)
		}
		if err != nil {
			t.Fatalf("%s: %v", tier, err)
		}
		state, identity = applied.NewState, applied.NewIdentity
		if got := p.Plain(identity.IdentityData, p.IdentityType("sluice_environment")); got["name"] != "staging" {
			t.Errorf("after %s the identity is %v", tier, got)
		}
		if prior, err = state.Unmarshal(typ); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAnIdentityThatCannotBeIsRefused(t *testing.T) {
	url, _ := declare(t)
	p := acctest.Speak(t, acctest.World(), url)
	for name, c := range map[string]struct {
		resource string
		identity map[string]string
		want     string
	}{
		"a name that would climb": {"sluice_environment", map[string]string{"name": "../production"}, "../production"},
		"a check of no release":   {"sluice_drift_check", map[string]string{"release": "checkout"}, "does not name a release"},
		"a name that is not":      {"sluice_environment", map[string]string{"name": "nowhere"}, "Unable to import environment nowhere (): What happened: the ledger knows no environment of that name.\nWhat to do: create it instead, or name the ledger that knows it; `sluice objects environment` lists"},
		"a check that is not":     {"sluice_drift_check", map[string]string{"release": "basket/production"}, "Unable to import drift check basket/production (): What happened: the ledger knows no drift check of that release"},
		"a release of no service": {"sluice_release", map[string]string{"service": "", "environment": "production"}, "does not name a release"},
		"a release that is not":   {"sluice_release", map[string]string{"service": "basket", "environment": "production"}, "the ledger knows no such release"},
		"a slash in a service":    {"sluice_release", map[string]string{"service": "a/b", "environment": "production"}, "Unable to import release a/b/production"},
	} {
		if _, _, err := p.ImportByIdentity(c.resource, c.identity); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}
