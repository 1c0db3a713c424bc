package provider_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/provider/acctest"
)

// TestAccBadWavesAreRefusedAtPlanOnTheirAttribute holds each mistake about many
// targets to one message on the path of the attribute.
func TestAccBadWavesAreRefusedAtPlanOnTheirAttribute(t *testing.T) {
	tf := acctest.New(t, acctest.World())
	at := func(name, url string) string {
		return fmt.Sprintf(`{ name = %q, target = { contract = { url = %q } } }`, name, url)
	}
	list := func(waves string, targets ...string) string {
		text := "targets = ["
		for _, target := range targets {
			text += target + ","
		}
		return text + "]\n" + waves
	}
	eu, us := at("eu", "http://127.0.0.1:1"), at("us", "http://127.0.0.1:2")
	cases := map[string]struct{ body, path, want string }{
		"neither":                 {``, "target", "neither target nor targets is given"},
		"no targets":              {`targets = []`, "targets", "the list is empty, so there is nothing to release to"},
		"waves over no targets":   {`target = { contract = { url = "http://127.0.0.1:1" } }` + "\n" + `waves = { sizes = [1] }`, "waves", "there are no targets to go over"},
		"both":                    {list(`target = { contract = { url = "http://127.0.0.1:3" } }`, eu), "targets", "target and targets are given; exactly one of them must be"},
		"a name twice":            {list(``, eu, at("eu", "http://127.0.0.1:2")), "targets[1].name", `the name "eu" is that of targets[0] already`},
		"no name":                 {list(``, at("", "http://127.0.0.1:1"), us), "targets[0].name", "the name is empty"},
		"a name with a slash":     {list(``, at("eu/1", "http://127.0.0.1:1"), us), "targets[0].name", `"eu/1" is not the name of a target`},
		"a name with space":       {list(``, at("eu 1", "http://127.0.0.1:1"), us), "targets[0].name", `"eu 1" is not the name of a target`},
		"a number":                {list(``, at("17", "http://127.0.0.1:1"), us), "targets[0].name", `"17" is a number, which names a rollout`},
		"one runtime twice":       {list(``, eu, at("us", "http://127.0.0.1:1")), "targets[1].target", `it is the same runtime as that of targets[0] ("eu")`},
		"no driver":               {list(``, eu, `{ name = "us", target = {} }`), "targets[1].target", "no driver is given; exactly one must be"},
		"a target without host":   {list(``, eu, at("us", "127.0.0.1")), "targets[1].target.contract.url", "it must be http or https"},
		"a region of nothing":     {list(``, eu, `{ name = "us", region = " ", target = { contract = { url = "http://127.0.0.1:2" } } }`), "targets[1].region", "begins or ends with space"},
		"a signal of no driver":   {list(``, eu, `{ name = "us", target = { contract = { url = "http://127.0.0.1:2" } }, signals = { http = {} } }`), `targets[1].signals["http"]`, "no driver is given; exactly one must be"},
		"a wave of nothing":       {list(`waves = { sizes = [1, 0] }`, eu, us), "waves.sizes[1]", "0 is not the size of a wave"},
		"a negative wave":         {list(`waves = { sizes = [-1] }`, eu, us), "waves.sizes[0]", "-1 is not the size of a wave"},
		"no sizes":                {list(`waves = { sizes = [] }`, eu, us), "waves.sizes", "the list is empty"},
		"none at once":            {list(`waves = { max_parallel = 0 }`, eu, us), "waves.max_parallel", "0 targets at once would never end"},
		"too many at once":        {list(`waves = { max_parallel = 1000 }`, eu, us), "waves.max_parallel", "1000 targets at once are not possible"},
		"a budget of all":         {list(`waves = { failure_budget = 2 }`, eu, us), "waves.failure_budget", "2 of 2 targets may fail, so nothing would ever go back"},
		"a negative budget":       {list(`waves = { failure_budget = -1 }`, eu, us), "waves.failure_budget", "-1 is negative"},
		"a negative soak":         {list(`waves = { soak = "-1m" }`, eu, us), "waves.soak", `"-1m" is negative`},
		"a soak without a unit":   {list(`waves = { soak = "10" }`, eu, us), "waves.soak", `"10" has no unit`},
		"a soak of a month":       {list(`waves = { soak = "720h" }`, eu, us), "waves.soak", "720h is not a time between waves"},
		"an unknown order":        {list(`waves = { order = "random" }`, eu, us), "waves.order", `"random" is not an order; it must be declared or shuffled`},
		"waves that only observe": {list(`mode = "observe"`, eu, us), "mode", "a release over many targets cannot only observe"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			tf.Write("main.tf", fmt.Sprintf(`provider "sluice" {
  ledger = "sqlite:%s"
}
resource "sluice_environment" "e" {
  name = "production"
}
resource "sluice_deployment_strategy" "s" {
  name = "at-once"
  all_at_once = {}
}
resource "sluice_release" "r" {
  service     = "checkout"
  environment = sluice_environment.e.definition
  strategy    = sluice_deployment_strategy.s.definition
  artifact    = { version = "1.0.0", reference = "registry.example/checkout@%s" }
%s
}
`, filepath.Join(tf.Dir, "ledger.db"), digest, tc.body))
			tf.Seen()
			plan := tf.Plan()
			if errs := plan.Of("error"); plan.Exit != 1 || len(errs) != 1 {
				t.Fatalf("exit %d with %d errors, want one: %.3000s", plan.Exit, len(errs), plan.Text("error"))
			}
			tf.Golden("bad waves: "+name, plan, "error")
			wantOneOn(t, tf.Seen(), "sluice_release", tc.path, tc.want)
		})
	}
}
