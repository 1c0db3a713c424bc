package provider_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/provider/acctest"
	"github.com/sluice/terraform-provider-sluice/internal/provider/client"
)

// within is a world whose provider needs no block: the environment names the ledger.
func within(ledger string) client.World {
	world := acctest.World()
	world.Getenv = func(key string) string {
		return map[string]string{"SLUICE_LEDGER": ledger, "SLUICE_ACTOR": "tester@acme"}[key]
	}
	return world
}

// declares finds the resources of an example.
var declares = regexp.MustCompile(`(?m)^resource "(sluice_\w+)"`)

// TestNextEachObjectIsListedAndImportedAgain applies the full example of each object,
// which uses every attribute, has terraform query write what would import it, and wants
// that import to change nothing.
func TestNextEachObjectIsListedAndImportedAgain(t *testing.T) {
	t.Parallel()
	tried := 0
	for _, o := range documentedObjects(t) {
		resource, ok := strings.CutPrefix(o.name, "resources/")
		if !ok || resource == "sluice_release" { // It has a target, and a test of its own.
			continue
		}
		tried++
		t.Run(resource, func(t *testing.T) {
			t.Parallel()
			world := within("sqlite:" + filepath.Join(t.TempDir(), "ledger.db"))
			first, second := acctest.New(t, world), acctest.New(t, world)
			example := content(t, o.full)
			first.Write("example.tf", example)
			for _, tf := range []*acctest.Terraform{first, second} {
				beside(t, tf, filepath.Dir(o.full))
			}
			if applied := first.Apply(); applied.Exit != 0 {
				t.Fatalf("exit %d: %s", applied.Exit, applied.Output)
			}
			lists, wanted := map[string]string{}, 0
			for _, found := range declares.FindAllStringSubmatch(example, -1) {
				wanted++
				lists[found[1]] = "list \"" + found[1] + "\" \"all\" {\n  provider = sluice\n}\n"
			}
			for name, list := range lists {
				second.Write(name+".tfquery.hcl", list)
			}
			importedAgain(t, second, wanted)
		})
	}
	if tried < 8 {
		t.Errorf("only %d objects were tried", tried)
	}
}

// importedAgain wants so many objects to be found, and an import of what Terraform
// writes for them that changes nothing.
func importedAgain(t *testing.T, tf *acctest.Terraform, wanted int) {
	t.Helper()
	found, result := tf.Query("-generate-config-out=imported.tf")
	if result.Exit != 0 || len(found) != wanted {
		t.Fatalf("exit %d, %d were found and not %d: %s", result.Exit, len(found), wanted, result.Output)
	}
	for _, f := range found {
		if !strings.Contains(f.Display, "tester@acme") || len(f.Identity) == 0 {
			t.Errorf("%s is shown as %q, with the identity %v", f.Address, f.Display, f.Identity)
		}
	}
	for _, exit := range []int{2, 0} {
		plan := tf.Plan()
		if plan.Exit != exit || !strings.Contains(plan.Output, "0 to add, 0 to change, 0 to destroy") && exit == 2 {
			raw, _ := os.ReadFile(filepath.Join(tf.Dir, "imported.tf"))
			t.Fatalf("a plan with exit %d, want %d and no change: %s\n%s", plan.Exit, exit, plan.Output, raw)
		}
		if applied := tf.Run("apply", "-json", "-input=false", "tfplan"); applied.Exit != 0 {
			t.Fatalf("exit %d: %s", applied.Exit, applied.Output)
		}
	}
}

// TestNextEachExampleOfAnActionOrAListIsTaken has Terraform read the examples that the
// oldest one cannot: those of lists are asked, those of actions are valid.
func TestNextEachExampleOfAnActionOrAListIsTaken(t *testing.T) {
	t.Parallel()
	url, _ := declare(t)
	world := within(url)
	tried := 0
	for _, o := range documentedObjects(t) {
		action, list := strings.HasPrefix(o.name, "actions/"), strings.HasPrefix(o.name, "list-resources/")
		if !action && !list {
			continue
		}
		for _, file := range []string{o.smallest, o.full} {
			tried++
			t.Run(o.name+"/"+filepath.Base(file), func(t *testing.T) {
				t.Parallel()
				tf := acctest.New(t, world)
				tf.Write(filepath.Base(file), content(t, file))
				if action {
					if valid := tf.Run("validate", "-json"); valid.Exit != 0 {
						t.Error(valid.Output)
					}
					return
				}
				if file == o.smallest && o.name != "list-resources/sluice_release" {
					printed, err := tf.Command("query", "-no-color").Output()
					if err != nil {
						t.Fatalf("%v: %s", err, printed)
					}
					acctest.ShowsWhatIsSeen(t, filepath.Join(filepath.Dir(file), "output.txt"), string(printed))
				}
				if found, asked := tf.Query(); asked.Exit != 0 || file == o.smallest && len(found) == 0 && o.name != "list-resources/sluice_release" {
					t.Errorf("exit %d, %d are found: %s", asked.Exit, len(found), asked.Output)
				}
			})
		}
	}
	if tried < 26 {
		t.Errorf("only %d examples were tried", tried)
	}
}

// TestNextAnImportByIdentityFindsOrSaysWhatIsWrong imports each declared object by its
// identity alone, and what there is not.
func TestNextAnImportByIdentityFindsOrSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	url, _ := declare(t)
	block := func(resource string, identity map[string]string) string {
		text := "import {\n  to = " + resource + ".x\n  identity = {\n"
		for name, v := range identity {
			text += "    " + name + " = \"" + v + "\"\n"
		}
		return text + "  }\n}\n"
	}
	tf := acctest.New(t, within(url))
	all := ""
	for resource, identity := range declaredOnes {
		if resource != "sluice_drift_check" { // A plan of this one fails, as it shall: nobody has seen its release.
			all += block(resource, identity)
		}
	}
	tf.Write("import.tf", all)
	if plan := tf.Plan("-generate-config-out=imported.tf"); plan.Exit != 2 || !strings.Contains(plan.Output, "0 to add, 0 to change, 0 to destroy") {
		t.Errorf("exit %d, want imports alone: %s", plan.Exit, plan.Output)
	}
	for name, c := range map[string]struct {
		resource string
		identity map[string]string
		want     string
	}{
		"an unknown name":         {"sluice_environment", map[string]string{"name": "nowhere"}, "the ledger knows no environment of that name"},
		"a name that would climb": {"sluice_environment", map[string]string{"name": "../production"}, "contains a slash"},
		"an unknown release":      {"sluice_release", map[string]string{"service": "basket", "environment": "production"}, "the ledger knows no such release"},
		"a check of no release":   {"sluice_drift_check", map[string]string{"release": "checkout"}, "does not name a release"},
		"a check that is not":     {"sluice_drift_check", map[string]string{"release": "basket/production"}, "the ledger knows no drift check of that release"},
		"half of an identity":     {"sluice_release", map[string]string{"service": "checkout"}, `attribute "environment" is required`},
	} {
		t.Run(name, func(t *testing.T) {
			tf := acctest.New(t, within(url))
			tf.Write("import.tf", block(c.resource, c.identity))
			plan := tf.Plan("-generate-config-out=imported.tf")
			if plan.Exit != 1 {
				t.Errorf("exit %d", plan.Exit)
			}
			tf.Wants(plan, "error", c.want)
		})
	}
}
