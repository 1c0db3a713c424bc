package provider_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/sluice/terraform-provider-sluice/internal/provider/acctest"
)

// examples is the folder of the examples that the documentation shows, docs that of
// its pages.
const (
	examples = "../../examples"
	docs     = "../../docs"
)

// documentedObject is a resource, a data source, a function, an action or a list, with where its examples and its
// page stand.
type documentedObject struct {
	name, smallest, full, page string
	// attributes are those that an author may set.
	attributes []string
}

// newer is whether the oldest Terraform of the tests cannot read its examples, or they
// need an account of AWS, so that they are tried at the protocol.
func (o documentedObject) newer() bool {
	return strings.HasPrefix(o.name, "actions/") || strings.HasPrefix(o.name, "list-resources/") || strings.HasPrefix(o.name, "ephemeral-resources/")
}

func documentedObjects(t *testing.T) []documentedObject {
	t.Helper()
	resp := schemas(t)
	var list []documentedObject
	add := func(kind, name, file string, attributes []*tfprotov6.SchemaAttribute) {
		folder := filepath.Join(examples, kind, name)
		o := documentedObject{
			name: kind + "/" + name, smallest: filepath.Join(folder, file), full: filepath.Join(folder, "full"+file[strings.Index(file, "."):]),
			page: filepath.Join(docs, kind, strings.TrimPrefix(name, "sluice_")+".md"),
		}
		for _, a := range attributes {
			if a.Required || a.Optional {
				o.attributes = append(o.attributes, a.Name)
			}
		}
		list = append(list, o)
	}
	for name, s := range resp.ResourceSchemas {
		add("resources", name, "resource.tf", s.Block.Attributes)
	}
	for name, s := range resp.DataSourceSchemas {
		add("data-sources", name, "data-source.tf", s.Block.Attributes)
	}
	for name := range resp.Functions {
		add("functions", name, "function.tf", nil)
	}
	for name, a := range resp.ActionSchemas {
		add("actions", name, "action.tf", a.Schema.Block.Attributes)
	}
	for name, s := range resp.EphemeralResourceSchemas {
		add("ephemeral-resources", name, "ephemeral-resource.tf", s.Block.Attributes)
	}
	for name, s := range resp.ListResourceSchemas {
		add("list-resources", name, "list-resource.tfquery.hcl", s.Block.Attributes)
	}
	slices.SortFunc(list, func(a, b documentedObject) int { return strings.Compare(a.name, b.name) })
	return list
}

func content(t *testing.T, file string) string {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v: CONTRIBUTING.md says where the smallest and the full example stand", err)
	}
	return string(raw)
}

// TestEachObjectHasItsSmallestAndItsFullExample holds the pages: each shows both, the
// smallest is the smaller one, and the full one, with it, uses every attribute.
func TestEachObjectHasItsSmallestAndItsFullExample(t *testing.T) {
	for _, o := range documentedObjects(t) {
		t.Run(o.name, func(t *testing.T) {
			smallest, full, page := content(t, o.smallest), content(t, o.full), content(t, o.page)
			for file, text := range map[string]string{o.smallest: smallest, o.full: full} {
				if !strings.Contains(page, "```terraform\n"+strings.TrimSpace(text)+"\n```") {
					t.Errorf("%s is not in %s: run make generate", file, o.page)
				}
			}
			if len(smallest) >= len(full) {
				t.Errorf("the smallest example has %d bytes, the full one %d", len(smallest), len(full))
			}
			for _, name := range o.attributes {
				// A comment shows what only belongs there at times.
				if !regexp.MustCompile(`(?m)(^|[{,] *)\s*(# )?` + name + ` *=`).MatchString(full) {
					t.Errorf("the full example does not use %s", name)
				}
			}
		})
	}
}

// elsewhere are the examples that tests beside their object try, because they need
// more than a ledger.
var elsewhere = []string{"data-sources/sluice_release", "data-sources/sluice_ecr_artifact"}

// usesData finds the data sources of declared objects in an example.
var usesData = regexp.MustCompile(`(?m)^data "(sluice_\w+)"`)

// beside copies what an example reads, such as a traffic.csv, next to it.
func beside(t *testing.T, tf *acctest.Terraform, folder string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if ext := filepath.Ext(entry.Name()); ext != ".tf" && ext != ".sh" {
			tf.Write(entry.Name(), content(t, filepath.Join(folder, entry.Name())))
		}
	}
}

// TestAccEachExampleOfTheDocumentationWorks applies both examples of each object,
// each in a ledger of its own, which knows what the example asks it for. Those with a
// release are only planned, for there is no target.
func TestAccEachExampleOfTheDocumentationWorks(t *testing.T) {
	t.Parallel()
	try := func(t *testing.T, file string) {
		t.Helper()
		world := acctest.World()
		ledger := "sqlite:" + filepath.Join(t.TempDir(), "ledger.db")
		world.Getenv = func(key string) string {
			return map[string]string{"SLUICE_LEDGER": ledger, "SLUICE_ACTOR": "tester@acme"}[key]
		}
		example := content(t, file)
		for _, found := range usesData.FindAllStringSubmatch(example, -1) {
			declared := filepath.Join(examples, "resources", found[1], "full.tf")
			if _, err := os.Stat(declared); err != nil {
				declared = filepath.Join(examples, "resources/sluice_rollback_policy/full.tf") // Any makes the ledger.
			}
			tf := acctest.New(t, world)
			tf.Write("example.tf", content(t, declared))
			tf.MustApply()
		}
		tf := acctest.New(t, world)
		if strings.Contains(example, "required_providers") {
			tf.Write("versions.tf", "")
		}
		tf.Write("example.tf", example)
		beside(t, tf, filepath.Dir(file))
		if strings.Contains(example, `resource "sluice_release"`) {
			if plan := tf.Plan(); plan.Exit != 2 {
				t.Errorf("exit %d: %s", plan.Exit, plan.Text("error"))
			}
			return
		}
		if applied := tf.Apply(); applied.Exit != 0 {
			t.Fatalf("exit %d: %s", applied.Exit, applied.Text("error"))
		}
		// A warning is no mistake of an example: drift of a release that is not there.
		if plan := tf.Plan(); plan.Exit != 0 {
			t.Errorf("the second plan is not empty: %s", plan.Output)
		}
	}
	for _, o := range documentedObjects(t) {
		if slices.Contains(elsewhere, o.name) || o.newer() {
			continue
		}
		for _, file := range []string{o.smallest, o.full} {
			t.Run(o.name+"/"+filepath.Base(file), func(t *testing.T) { try(t, file) })
		}
	}
	t.Run("provider", func(t *testing.T) { try(t, filepath.Join(examples, "provider/provider.tf")) })
}
