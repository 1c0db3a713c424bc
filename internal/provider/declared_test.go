package provider_test

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/provider/acctest"
	"github.com/sluice/terraform-provider-sluice/internal/provider/client"
)

// object is one kind of declared object in these tests.
type object struct {
	typ, first, second string
	// content is the canonical content of the first.
	content string
}

func objects() map[string]object {
	return map[string]object{
		"environment": {
			typ:     "sluice_environment",
			first:   `tier = "production"` + "\n" + `regions = ["a", "b"]` + "\n" + `order = 3` + "\n" + `labels = { team = "payments" }`,
			second:  `tier = "staging"`,
			content: `{"name":"one","tier":"production","regions":["a","b"],"order":3,"labels":{"team":"payments"}}`,
		},
		"deployment_strategy": {
			typ: "sluice_deployment_strategy",
			first: `canary = { steps = [{ weight = 5, at_least = "60s" }, { weight = 100 }] }` + "\n" +
				`analysis = { metrics = { errors = { critical = true, ceiling = "1.0%" } } }`,
			second: `linear = { step_weight = 20, at_least = "1m" }` + "\n" + `bake = "90s"`,
			content: `{"name":"one","canary":{"steps":[{"weight":5,"at_least":"1m"},{"weight":100}]},"bake":"0s",` +
				`"analysis":{"interval":"10s","metrics":{"errors":{"critical":true,"ceiling":0.01}}},` +
				`"on_inconclusive":"extend","revert_after":"1m","prepare_timeout":"10m"}`,
		},
		"deployment_strategy of every step": {
			typ: "sluice_deployment_strategy",
			first: `canary = { steps = [{ cohort = { cookie = "beta", value = "1" }, at_least = "60s" }, { mirror = 10 }, { pause = { duration = "600s" } }, ` +
				`{ check = { name = "smoke", url = "http://127.0.0.1:1/" } }, { pause = {} }, { weight = 100 }] }`,
			second: `blue_green = { checks = [{ name = "smoke", url = "http://127.0.0.1:1/", attempts = 5 }], preview = {}, keep_warm = "30m" }`,
			content: `{"name":"one","canary":{"steps":[{"cohort":{"cookie":"beta","value":"1"},"at_least":"1m"},{"mirror":10},{"pause":{"duration":"10m"}},` +
				`{"check":{"name":"smoke","url":"http://127.0.0.1:1/","expect":{}}},{"pause":{}},{"weight":100}]},"bake":"0s","analysis":{"interval":"10s"},` +
				`"on_inconclusive":"extend","revert_after":"1m","prepare_timeout":"10m"}`,
		},
		"deployment_strategy in batches": {
			typ: "sluice_deployment_strategy", first: `rolling = { batch = "25%", min_healthy = "75%" }`, second: `rolling = { batch_count = 2, instances = 8 }`,
			content: `{"name":"one","rolling":{"batch":0.25,"min_healthy":0.75},"bake":"0s","analysis":{"interval":"10s"},` +
				`"on_inconclusive":"extend","revert_after":"1m","prepare_timeout":"10m"}`,
		},
		"deployment_strategy all at once": {
			typ: "sluice_deployment_strategy", first: `all_at_once = {}`, second: `all_at_once = {}` + "\n" + `bake = "1m"`,
			content: `{"name":"one","all_at_once":{},"bake":"0s","analysis":{"interval":"10s"},` +
				`"on_inconclusive":"extend","revert_after":"1m","prepare_timeout":"10m"}`,
		},
		"rollback_policy": {
			typ: "sluice_rollback_policy", first: `automatic = false` + "\n" + `max_per_day = 2` + "\n" + `keep_warm = "30m"` + "\n" +
				`triggers = { health = { during = "steps" }, burn_rate = {}, error_ceiling = { share = "5%" } }`,
			second:  `during_bake = false` + "\n" + `how = "by_steps"` + "\n" + `fast_track = { within = "168h" }`,
			content: `{"name":"one","automatic":false,"max_per_day":2,"triggers":{"health":{"during":"steps"},"burn_rate":{},"error_ceiling":{"share":0.05}},"keep_warm":"30m"}`,
		},
		"service": {
			typ: "sluice_service",
			first: `team = "payments"` + "\n" + `criticality = "high"` + "\n" + `labels = { pci = "yes" }` + "\n" + `dependencies = ["search"]` + "\n" + `external_dependencies = ["psp"]` + "\n" +
				`objectives = { error_ceiling = "0.5%", latency = { share = "99%", within = "300ms" } }`,
			second: `team = "web"` + "\n" + `objectives = {}`,
			content: `{"name":"one","team":"payments","criticality":"high","labels":{"pci":"yes"},"dependencies":["search"],"external_dependencies":["psp"],` +
				`"objectives":{"error_ceiling":0.005,"latency":{"share":0.99,"within":"300ms"}}}`,
		},
		"external_dependency": {
			typ: "sluice_external_dependency",
			first: `team = "payments"` + "\n" + `contact = "psp-desk@example.com"` + "\n" + `labels = { contract = "C-1042" }` + "\n" +
				`maintenance = { time_zone = "Europe/Berlin", weekly = [{ days = ["sun"], from = "02:00", to = "04:00" }] }` + "\n" +
				`checks = [{ name = "status", url = "https://psp.example/status", timeout = "2s" }, { name = "deep", url = "https://psp.example/deep", when = ["after"], token = { env = "PSP_TOKEN" }, expect = { status = [200], json = { state = { equals = "ok" } }, within = "1s" } }]`,
			second: `description = "takes the card payments"` + "\n" + `override_by = []`,
			content: `{"name":"one","team":"payments","contact":"psp-desk@example.com","labels":{"contract":"C-1042"},` +
				`"maintenance":{"time_zone":"Europe/Berlin","weekly":[{"days":["sun"],"from":"02:00","to":"04:00"}]},` +
				`"checks":[{"name":"status","url":"https://psp.example/status","timeout":"2s","expect":{}},` +
				`{"name":"deep","url":"https://psp.example/deep","token":{"env":"PSP_TOKEN"},"expect":{"status":[200],"json":{"state":{"equals":"ok"}},"within":"1s"},"when":["after"]}]}`,
		},
		"notification": {
			typ: "sluice_notification",
			first: `webhook = { url = "http://127.0.0.1:1/sluice", token = { env = "EVENTS_TOKEN" }, header = { name = "X-Api-Key", value = { file = "/run/secrets/key" } }, timeout = "3s" }` + "\n" +
				`events = ["dev.cdevents.service.*"]` + "\n" + `services = ["checkout"]` + "\n" + `environments = ["production"]`,
			second: `file = { path = "/dev/null" }`,
			content: `{"name":"one","webhook":{"url":"http://127.0.0.1:1/sluice","token":{"env":"EVENTS_TOKEN"},"header":{"name":"X-Api-Key","value":{"file":"/run/secrets/key"}},"timeout":"3s"},` +
				`"events":["dev.cdevents.service.*"],"services":["checkout"],"environments":["production"]}`,
		},
		"change_window": {
			typ: "sluice_change_window",
			first: `kind = "freeze"` + "\n" + `time_zone = "Europe/Berlin"` + "\n" + `reason = "peak <trade>"` + "\n" +
				`absolute = [{ starts_at = "2026-11-27", ends_at = "2026-11-30T22:00" }]` + "\n" + `scope = { tiers = ["production"], depends_on = ["psp"] }`,
			second: `kind = "allow"` + "\n" + `time_zone = "UTC"` + "\n" + `weekly = [{ days = ["mon"], from = "09:00", to = "17:00" }]`,
			content: `{"name":"one","kind":"freeze","time_zone":"Europe/Berlin","reason":"peak <trade>",` +
				`"absolute":[{"starts_at":"2026-11-27","ends_at":"2026-11-30T22:00"}],"scope":{"tiers":["production"],"depends_on":["psp"]}}`,
		},
	}
}

func (o object) config(ledger, name, body string) string {
	return fmt.Sprintf(`
provider "sluice" {
  ledger = "sqlite:%s"
}
resource %q "x" {
  name = %q
  %s
}
output "content" {
  value = %s.x.definition.content
}
`, ledger, o.typ, name, body, o.typ)
}

// open opens the ledger of a test beside the provider.
func open(t *testing.T, path string) ledger.Ledger {
	t.Helper()
	c := &client.Client{World: acctest.World(), URL: "sqlite:" + path}
	l, err := c.Existing(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() }) // Nothing was left unwritten.
	return l
}

func TestAccADeclaredObjectIsCreatedKnownAtPlanUpdatedImportedAndMissed(t *testing.T) {
	t.Parallel()
	for name, o := range objects() {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "ledger.db")
			address := o.typ + ".x"
			kind := o.typ[len("sluice_"):]
			sameJSON := knownvalue.StringFunc(func(got string) error { return equalJSON(o.content, got) })
			resource.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: acctest.Factories(acctest.World()),
				Steps: []resource.TestStep{
					{
						Config: o.config(path, "one", o.first),
						ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
							plancheck.ExpectKnownValue(address, tfjsonpath.New("definition").AtMapKey("content"), sameJSON),
							plancheck.ExpectUnknownValue(address, tfjsonpath.New("ledger_id")),
						}},
						ConfigStateChecks: []statecheck.StateCheck{
							statecheck.ExpectKnownValue(address, tfjsonpath.New("ledger_id"), knownvalue.NotNull()),
							statecheck.ExpectKnownOutputValue("content", sameJSON),
						},
					},
					{
						ResourceName: address, ImportState: true, ImportStateId: "one", ImportStateVerify: true,
						ImportStateVerifyIdentifierAttribute: "name", ImportStateKind: resource.ImportCommandWithID,
						// What an author wrote in other words, "60s" for "1m", is not what the ledger has.
						ImportStateVerifyIgnore: []string{"canary", "analysis"},
					},
					{
						Config: o.config(path, "one", o.second),
						ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
							plancheck.ExpectResourceAction(address, plancheck.ResourceActionUpdate),
						}},
					},
					{
						// Somebody deletes it behind Terraform's back.
						PreConfig: func() { vanish(t, path, kind, "one") },
						Config:    o.config(path, "one", o.second),
						ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
							plancheck.ExpectResourceAction(address, plancheck.ResourceActionCreate),
						}},
					},
					{
						Config: o.config(path, "two", o.second),
						ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
							plancheck.ExpectResourceAction(address, plancheck.ResourceActionReplace),
						}},
					},
				},
			})
			if _, err := ledger.GetObject(context.Background(), open(t, path), kind, "two"); err == nil {
				t.Error("the object is still declared after the destroy")
			}
		})
	}
}

func vanish(t *testing.T, path, kind, name string) {
	t.Helper()
	l := open(t, path)
	found, err := ledger.GetObject(context.Background(), l, kind, name)
	if err == nil {
		err = ledger.DeleteObject(context.Background(), l, ledger.Delete{Kind: kind, Name: name, Expected: found.Revision, Actor: "somebody", At: found.UpdatedAt})
	}
	if err != nil {
		t.Fatal(err)
	}
}

func equalJSON(want, got string) error {
	var a, b any
	if err := json.Unmarshal([]byte(want), &a); err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(got), &b); err != nil {
		return err
	}
	if diff := cmp.Diff(a, b); diff != "" {
		return fmt.Errorf("the content (-want +got):\n%s", diff)
	}
	return nil
}

func TestAccADeclaredObjectThatIsThereAlreadyIsNotTakenOver(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	o := objects()["environment"]
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.Factories(acctest.World()),
		Steps: []resource.TestStep{
			{Config: o.config(path, "one", o.first)},
			{
				Config: o.config(path, "one", o.first) + `
resource "sluice_environment" "again" {
  name = "one"
}
`,
				ExpectError: regexp.MustCompile(`(?s)Unable to create environment one.*declared by\s+tester@acme\s+\(revision 1.*terraform\s+import\s+ADDRESS\s+one`),
			},
		},
	})
}

func TestAccADataSourceGivesADefinitionByName(t *testing.T) {
	t.Parallel()
	for name, o := range objects() {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "ledger.db")
			read := fmt.Sprintf(`
data %q "x" {
  name = "one"
}
output "read" {
  value = data.%s.x.definition.content == %s.x.definition.content
}
`, o.typ, o.typ, o.typ)
			resource.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: acctest.Factories(acctest.World()),
				Steps: []resource.TestStep{
					{Config: read + o.config(path, "none", o.first), ExpectError: regexp.MustCompile(`(?s)Unable to find.*No ledger knows the`)},
					{Config: o.config(path, "one", o.first)},
					{
						Config: read + o.config(path, "one", o.first),
						ConfigStateChecks: []statecheck.StateCheck{
							statecheck.ExpectKnownOutputValue("read", knownvalue.Bool(true)),
						},
					},
				},
			})
		})
	}
}
