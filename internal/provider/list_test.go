package provider_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/sluice/terraform-provider-sluice/internal/provider/acctest"
)

// declaredOnes are the objects of declare, by their resources.
var declaredOnes = map[string]map[string]string{
	"sluice_environment":         {"name": "production"},
	"sluice_rollback_policy":     {"name": "cautious"},
	"sluice_service":             {"name": "checkout"},
	"sluice_external_dependency": {"name": "psp"},
	"sluice_change_window":       {"name": "peak"},
	"sluice_notification":        {"name": "events"},
	"sluice_deployment_strategy": {"name": "careful"},
	"sluice_drift_check":         {"release": "checkout/production"},
}

// TestADeclaredObjectIsListedAsAnImportWouldReadIt holds each list to the import by
// the same identity: what is generated from a list is what an import leads to.
func TestADeclaredObjectIsListedAsAnImportWouldReadIt(t *testing.T) {
	url, _ := declare(t)
	p := acctest.Speak(t, acctest.World(), url)
	for resource, identity := range declaredOnes {
		all := p.MustList(t, resource, acctest.Ask{Include: true})
		if len(all) != 1 {
			t.Errorf("%s: %d are listed", resource, len(all))
			continue
		}
		got := all[0]
		imported, _, err := p.ImportByIdentity(resource, identity)
		if err != nil {
			t.Fatalf("%s: %v", resource, err)
		}
		for _, seen := range []string{"status", "observed", "differences"} {
			// A list looks at no target.
			if resource == "sluice_drift_check" {
				delete(imported, seen)
			}
		}
		if diff := cmp.Diff(imported, got.Resource); diff != "" {
			t.Errorf("%s (-imported +listed):\n%s", resource, diff)
		}
		for name, want := range identity {
			if got.Identity[name] != want {
				t.Errorf("%s: the identity is %v", resource, got.Identity)
			}
		}
		if !strings.Contains(got.Display, "tester") {
			t.Errorf("%s: it is shown as %q", resource, got.Display)
		}
		bare := p.MustList(t, resource, acctest.Ask{})
		if len(bare) != 1 || bare[0].State != nil {
			t.Errorf("%s: nobody asked for the resource of %v", resource, bare)
		}
	}
}

func TestAListIsReadFromALedgerThatIsThere(t *testing.T) {
	p := acctest.Speak(t, acctest.World(), "sqlite:"+filepath.Join(t.TempDir(), "none.db"))
	for resource := range p.Schemas.ListResourceSchemas {
		got, err := p.List(resource, acctest.Ask{})
		if err != nil || len(got) != 1 || got[0].Err == nil || !strings.Contains(got[0].Err.Error(), "there is no ledger here yet") {
			t.Errorf("%s: %v, %v", resource, got, err)
		}
	}
}

func TestAFilterThatIsNotKnownIsRefused(t *testing.T) {
	url, _ := declare(t)
	p := acctest.Speak(t, acctest.World(), url)
	for resource, schema := range p.Schemas.ListResourceSchemas {
		for _, a := range schema.Block.Attributes {
			ask := acctest.Ask{Config: map[string]tftypes.Value{a.Name: tftypes.NewValue(tftypes.String, tftypes.UnknownValue)}}
			got, err := p.List(resource, ask)
			if err != nil || len(got) != 1 || got[0].Err == nil || !strings.Contains(got[0].Err.Error(), "The filter "+a.Name+" is not known ("+a.Name+")") {
				t.Errorf("%s.%s: %v, %v", resource, a.Name, got, err)
			}
		}
	}
}
