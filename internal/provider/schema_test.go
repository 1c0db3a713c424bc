package provider_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/sluice/terraform-provider-sluice/internal/provider"
	"github.com/sluice/terraform-provider-sluice/internal/provider/acctest"
	"github.com/sluice/terraform-provider-sluice/internal/provider/serve"
)

func schemas(t *testing.T) *tfprotov6.GetProviderSchemaResponse {
	t.Helper()
	resp, err := serve.New(provider.NewIn(acctest.World())).GetProviderSchema(context.Background(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range resp.Diagnostics {
		t.Errorf("%s: %s", d.Summary, d.Detail)
	}
	return resp
}

func TestTheProviderHasWhatItPromises(t *testing.T) {
	resp := schemas(t)
	var got []string
	for name := range resp.ResourceSchemas {
		got = append(got, name)
	}
	for name := range resp.DataSourceSchemas {
		got = append(got, "data "+name)
	}
	for name := range resp.Functions {
		got = append(got, "function "+name)
	}
	for name := range resp.ActionSchemas {
		got = append(got, "action "+name)
	}
	for name := range resp.EphemeralResourceSchemas {
		got = append(got, "ephemeral "+name)
	}
	want := []string{
		"ephemeral sluice_aws_credentials",
		"sluice_change_window", "sluice_deployment_strategy", "sluice_drift_check", "sluice_environment", "sluice_external_dependency", "sluice_notification", "sluice_release", "sluice_rollback_policy", "sluice_service",
		"data sluice_change_calendar", "data sluice_change_window", "data sluice_deployment_strategy", "data sluice_ecr_artifact", "data sluice_environment", "data sluice_external_dependency", "data sluice_notification", "data sluice_release", "data sluice_rollback_policy", "data sluice_service",
		"data sluice_releases", "data sluice_release_timeline", "data sluice_window_advice",
		"function canary_steps", "function recommend_strategy", "function window_state",
		"action sluice_abort", "action sluice_continue", "action sluice_hold", "action sluice_rollback",
	}
	if diff := cmp.Diff(set(want), set(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func set(names []string) map[string]bool {
	out := map[string]bool{}
	for _, n := range names {
		out[n] = true
	}
	return out
}

// TestEachAttributeIsDescribedInFullSentences holds the pages of the
// documentation, which are made of these texts.
func TestEachAttributeIsDescribedInFullSentences(t *testing.T) {
	resp := schemas(t)
	describe(t, "provider", resp.Provider.Block)
	for name, s := range resp.ResourceSchemas {
		describe(t, name, s.Block)
	}
	for name, s := range resp.DataSourceSchemas {
		describe(t, "data "+name, s.Block)
	}
	for name, s := range resp.ListResourceSchemas {
		describe(t, "list "+name, s.Block)
	}
	for name, e := range resp.EphemeralResourceSchemas {
		describe(t, "ephemeral "+name, e.Block)
	}
	for name, a := range resp.ActionSchemas {
		describe(t, "action "+name, a.Schema.Block)
	}
	for name, f := range resp.Functions {
		sentence(t, name, f.Description)
		for _, p := range f.Parameters {
			sentence(t, name+" "+p.Name, p.Description)
		}
	}
}

func describe(t *testing.T, name string, b *tfprotov6.SchemaBlock) {
	t.Helper()
	sentence(t, name, b.Description)
	attributes(t, name, b.Attributes)
}

func attributes(t *testing.T, name string, list []*tfprotov6.SchemaAttribute) {
	t.Helper()
	for _, a := range list {
		at := name + "." + a.Name
		sentence(t, at, a.Description)
		if a.DescriptionKind != tfprotov6.StringKindMarkdown && !strings.Contains(at, ".timeouts.") {
			t.Errorf("%s is not described in Markdown", at)
		}
		if a.NestedType != nil {
			attributes(t, at, a.NestedType.Attributes)
		}
	}
}

func sentence(t *testing.T, at, text string) {
	t.Helper()
	switch {
	case text == "":
		t.Errorf("%s is not described", at)
	case !strings.ContainsRune(".`)", rune(text[len(text)-1])) && !strings.HasSuffix(text, "..."):
		t.Errorf("%s: %q is no sentence", at, text)
	}
}

// TestEachResourceIsListed holds new resources to it: what can be declared can be found.
func TestEachResourceIsListed(t *testing.T) {
	resp := schemas(t)
	for name := range resp.ResourceSchemas {
		if resp.ListResourceSchemas[name] == nil {
			t.Errorf("%s has no list: implement list.ListResource, as internal/provider/declared does", name)
		}
	}
}

func TestEachResourceHasAnIdentityForImport(t *testing.T) {
	resp, err := serve.New(provider.NewIn(acctest.World())).GetResourceIdentitySchemas(context.Background(), &tfprotov6.GetResourceIdentitySchemasRequest{})
	if err != nil || len(resp.Diagnostics) > 0 {
		t.Fatalf("%v, %v", err, resp.Diagnostics)
	}
	for name := range schemas(t).ResourceSchemas {
		identity := resp.IdentitySchemas[name]
		if identity == nil || len(identity.IdentityAttributes) == 0 {
			t.Errorf("%s has no identity", name)
			continue
		}
		for _, a := range identity.IdentityAttributes {
			if !a.RequiredForImport {
				t.Errorf("%s: %s is not required for an import", name, a.Name)
			}
		}
	}
}
