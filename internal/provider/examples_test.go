package provider_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/provider/acctest"
)

// examples is the folder of the examples that the documentation shows.
const examples = "../../examples"

// TestAccEachExampleOfTheDocumentationWorks applies the examples that need no
// target, and plans the others against the ledger that this makes.
func TestAccEachExampleOfTheDocumentationWorks(t *testing.T) {
	ledger := "sqlite:" + filepath.Join(t.TempDir(), "ledger.db")
	world := acctest.World()
	world.Getenv = func(key string) string {
		return map[string]string{"SLUICE_LEDGER": ledger, "SLUICE_ACTOR": "tester@acme"}[key]
	}
	tried := 0
	try := func(pattern string, run func(tf *acctest.Terraform) acctest.Result, wants func(exit int) bool) {
		t.Helper()
		files, err := filepath.Glob(filepath.Join(examples, pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v, %d files", pattern, err, len(files))
		}
		for _, file := range files {
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			tf := acctest.New(t, world)
			if strings.Contains(string(content), "required_providers") {
				tf.Write("versions.tf", "")
			}
			tf.Write("example.tf", string(content))
			if result := run(tf); !wants(result.Exit) {
				t.Errorf("%s: exit %d: %s", file, result.Exit, result.Text("error"))
			}
			tried++
		}
	}
	apply := func(tf *acctest.Terraform) acctest.Result { return tf.Apply() }
	plan := func(tf *acctest.Terraform) acctest.Result { return tf.Plan() }
	done := func(exit int) bool { return exit == 0 }
	changes := func(exit int) bool { return exit == 2 }
	try("resources/sluice_release/resource.tf", plan, changes)
	for _, declared := range []string{"environment", "deployment_strategy", "rollback_policy", "change_window", "service"} {
		try("resources/sluice_"+declared+"/resource.tf", apply, done)
		try("data-sources/sluice_"+declared+"/data-source.tf", apply, done)
	}
	try("data-sources/sluice_change_calendar/data-source.tf", apply, done)
	try("resources/sluice_drift_check/resource.tf", apply, done)
	try("resources/sluice_rollback_policy/full.tf", plan, changes)
	try("functions/*/function.tf", plan, changes)
	try("provider/provider.tf", plan, done)
	// The example of the release's data source needs a release, which the lab has.
	if tried != 18 {
		t.Errorf("%d examples were tried", tried)
	}
}
