package provider_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/provider/acctest"
)

func TestMain(m *testing.M) { acctest.Main(m) }

// digest is a digest of no artifact.
var digest = "sha256:" + strings.Repeat("a", 64)

// valid is a configuration that is right, with each object of Sluice in it. Its
// target answers nobody.
func valid(dir string) string {
	return fmt.Sprintf(`
provider "sluice" {
  ledger    = "sqlite:%s"
  actor     = "ci@acme"
  lease_ttl = "30s"
}
resource "sluice_environment" "e" {
  name    = "production"
  tier    = "production"
  regions = ["eu-central-1"]
  order   = 3
  labels  = { team = "payments" }
}
resource "sluice_deployment_strategy" "s" {
  name   = "careful"
  canary = { steps = [{ weight = 5, at_least = "1m" }, { weight = 100 }] }
  bake   = "10m"
  analysis = {
    interval = "5s"
    min_abs  = "0.1%%"
    metrics = {
      errors = { critical = true, ceiling = "1%%" }
      slow   = { slower_than = { baseline_quantile = 0.99 } }
    }
  }
  on_inconclusive       = "extend"
  max_unattended_weight = 10
  revert_after          = "2m"
  prepare_timeout       = "5m"
}
resource "sluice_rollback_policy" "p" {
  name        = "cautious"
  automatic   = true
  during_bake = false
  max_per_day = 2
}
resource "sluice_change_window" "w" {
  name      = "weekdays"
  kind      = "allow"
  time_zone = "Europe/Berlin"
  weekly    = [{ days = ["mon"], from = "09:00", to = "17:00" }]
  scope     = { environments = ["staging"], tiers = ["staging"], services = ["checkout"], labels = { team = "payments" } }
  severity  = "low"
}
resource "sluice_release" "r" {
  service              = "checkout"
  environment          = sluice_environment.e.definition
  artifact             = { version = "1.0.0", reference = "registry.example/checkout@%s" }
  configuration_digest = "%s"
  target               = { contract = { url = "http://127.0.0.1:1", timeout = "1s", token = { env = "HOME" } } }
  strategy             = sluice_deployment_strategy.s.definition
  rollback_policy      = sluice_rollback_policy.p.definition
  signals              = { http = { openmetrics = { url = "http://127.0.0.1:1/metrics", preset = "lab" } } }
  mode                 = "enforce"
  irreversible         = false
  previous_name        = "cart/production"
}
resource "sluice_drift_check" "d" {
  release = sluice_release.r.id
  mode    = "report"
  ignore  = [{ path = "canary", reason = "an incident", expires = "2034-01-01T00:00:00Z" }]
}
`, filepath.Join(dir, "ledger.db"), digest, digest)
}

// edits are pairs of what stands in the valid configuration and what replaces it.
func edit(t *testing.T, config, from, to string) string {
	t.Helper()
	if strings.Count(config, from) != 1 {
		t.Fatalf("%q stands %d times in the configuration", from, strings.Count(config, from))
	}
	return strings.Replace(config, from, to, 1)
}

func TestAccTheValidConfigurationPlans(t *testing.T) {
	tf := acctest.New(t, acctest.World())
	tf.Write("main.tf", valid(tf.Dir))
	if plan := tf.Plan(); plan.Exit != 2 {
		t.Fatal(plan.Output)
	}
}

func TestAccBadInputIsRefusedAtPlanInOneMessageThatSaysWhatIsAllowed(t *testing.T) {
	tf := acctest.New(t, acctest.World())
	steps := `[{ weight = 5, at_least = "1m" }, { weight = 100 }]`
	cases := map[string]struct{ from, to, want string }{
		"weights that do not increase": {steps, `[{ weight = 5 }, { weight = 5 }, { weight = 100 }]`, "the weight 5 does not follow 5; weights must increase from step to step, for example"},
		"a weight above 100":           {steps, `[{ weight = 101 }]`, "101 is not a weight of a step; it must be above 0 and at most 100 %"},
		"a negative weight":            {steps, `[{ weight = -1 }, { weight = 100 }]`, "-1 is not a weight of a step"},
		"no final 100":                 {steps, `[{ weight = 5 }, { weight = 50 }]`, "the last weight must be 100"},
		"no steps":                     {steps, `[]`, "there are 0 steps; a canary has 1 to 100"},
		"at_most below at_least":       {steps, `[{ weight = 5, at_least = "2m", at_most = "1m" }, { weight = 100 }]`, "1m is shorter than at_least, 2m"},
		"a negative duration":          {`bake   = "10m"`, `bake = "-10m"`, `"-10m" is negative; a duration is a number with a unit`},
		"zero where not allowed":       {`interval = "5s"`, `interval = "0s"`, `"0s" is zero; a duration is a positive number with a unit (ms, s, m, h), for example "5m"`},
		"a duration without a unit":    {`bake   = "10m"`, `bake = "10"`, `"10" has no unit`},
		"two kinds of strategy":        {`bake   = "10m"`, `all_at_once = {}`, "both canary and all_at_once are given; exactly one of canary, linear and all_at_once must be"},
		"no kind of strategy":          {`canary = { steps = ` + steps + ` }`, ``, "no kind of strategy is given"},
		"an unknown choice":            {`"extend"`, `"wait"`, `"wait" is not a choice; it must be extend, pause or rollback, for example "extend"`},
		"a share without a unit":       {`ceiling = "1%"`, `ceiling = "1"`, `"1" has no percent sign; a share is a number from 0 to 100 with a percent sign, for example "1%"`},
		"no critical metric":           {`critical = true, `, ``, "no metric is critical"},
		"a latency of two kinds":       {`baseline_quantile = 0.99`, `baseline_quantile = 0.99, fixed = "1s"`, "exactly one of baseline_quantile and fixed"},
		"an unknown zone":              {`"Europe/Berlin"`, `"Europe/Belin"`, "Europe/Berlin"},
		"a window that never opens":    {`weekly    = [{ days = ["mon"], from = "09:00", to = "17:00" }]`, ``, "for example"},
		"a malformed time":             {`"17:00"`, `"25:00"`, "24:00"},
		"a mutable tag":                {`checkout@` + digest, `checkout:1.0.0`, "names a tag, which can be moved to another artifact; a reference must end in a digest"},
		"a malformed digest":           {`checkout@` + digest, `checkout@sha256:abc`, `"sha256:abc" is not a digest`},
		"no digest":                    {`registry.example/checkout@` + digest, `registry.example/checkout`, `so it means "latest"`},
		"an empty configuration":       {`configuration_digest = "` + digest + `"`, `configuration_digest = ""`, "the digest is empty; leave the attribute out"},
		"no target":                    {`contract = { url = "http://127.0.0.1:1", timeout = "1s", token = { env = "HOME" } }`, ``, "no driver is given; exactly one must be"},
		"a target without a host":      {`url = "http://127.0.0.1:1",`, `url = "127.0.0.1",`, "it must be http or https"},
		"a password in a URL":          {`url = "http://127.0.0.1:1",`, `url = "http://u:p@127.0.0.1:1",`, "the URL holds a user or password"},
		"a timeout without a unit":     {`timeout = "1s"`, `timeout = "1"`, `"1" has no unit`},
		"a timeout of nothing":         {`timeout = "1s"`, `timeout = "0s"`, "it must be a duration between 100ms and 1m"},
		"a token of two kinds":         {`{ env = "HOME" }`, `{ env = "HOME", file = "x" }`, "sets env and file; set exactly one"},
		"a signal without arms":        {`preset = "lab"`, `metrics = { errors = { total = { name = "r" }, bad = { match = { code = "5.." } } } }`, "nothing tells the arms apart; give the label that does"},
		"a signal without a baseline":  {`preset = "lab"`, `preset = "lab", arms = { label = "arm", canary = "canary" }`, "baseline"},
		"a signal without a driver":    {`{ openmetrics = { url = "http://127.0.0.1:1/metrics", preset = "lab" } }`, `{}`, "no driver is given; exactly one must be, of: openmetrics"},
		"a metric that nobody counts":  {`  signals              = { http = { openmetrics = { url = "http://127.0.0.1:1/metrics", preset = "lab" } } }`, ``, "but the release has no signal to count it"},
		"an empty name":                {`name    = "production"`, `name = ""`, "the name is empty; a name has 1 to 128 characters"},
		"a name with a slash":          {`service              = "checkout"`, `service = "check/out"`, `the name "check/out" contains a slash`},
		"a name of 300 characters":     {`name        = "cautious"`, `name = "` + strings.Repeat("x", 300) + `"`, "the name has 300 characters"},
		"control characters":           {`name      = "weekdays"`, `name = "week\u0007days"`, "has control characters; allowed are 1 to 128 characters"},
		"an unknown tier":              {`tier    = "production"`, `tier = "prod"`, `"prod" is not a tier; it must be development, test, staging or production`},
		"a negative order":             {`order   = 3`, `order = -3`, "-3 is negative; the order of promotion is a whole number from 0 on"},
		"too many rollbacks":           {`max_per_day = 2`, `max_per_day = 200`, "200 is not a limit; it must be from 1 to 100, for example 3"},
		"a malformed previous name":    {`"cart/production"`, `"cart"`, `"cart" does not name a release; it must be SERVICE/ENVIRONMENT, for example "checkout/production"`},
		"an unknown mode":              {`mode                 = "enforce"`, `mode = "watch"`, `value must be one of: ["enforce" "observe"]`},
		"a drift check of nothing":     {`sluice_release.r.id`, `"checkout"`, `"checkout" does not name a release`},
		"an entry without an end":      {`"2034-01-01T00:00:00Z"`, `"for ever"`, `"for ever" is not an instant; it must be RFC 3339`},
		"an entry without a reason":    {`reason = "an incident"`, `reason = " "`, "the reason is empty; say why this may differ"},
		"an unknown ledger":            {`ledger    = "sqlite:`, `ledger = "mysql:`, `the scheme "mysql" is unknown; allowed is sqlite:PATH`},
		"an empty actor":               {`"ci@acme"`, `""`, `"" is not an actor; it has 1 to 128 characters`},
		"a lease without a term":       {`lease_ttl = "30s"`, `lease_ttl = "0s"`, `"0s" is zero`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			tf.Write("main.tf", edit(t, valid(tf.Dir), tc.from, tc.to))
			plan := tf.Plan()
			errs := plan.Of("error")
			if plan.Exit != 1 || len(errs) != 1 {
				t.Fatalf("exit %d with %d errors, want one: %s", plan.Exit, len(errs), plan.Text("error"))
			}
			if text := strings.Join(strings.Fields(errs[0].Detail), " "); !strings.Contains(text, tc.want) {
				t.Errorf("the message\n%s\ndoes not say\n%s", text, tc.want)
			}
		})
	}
}

func TestAccAnUnknownValueAnywhereIsNoErrorAndNoPanic(t *testing.T) {
	tf := acctest.New(t, acctest.World())
	const u = `terraform_data.u.output`
	cases := map[string][2]string{
		"ledger":            {`"sqlite:`, `"sqlite:${` + u + `}`},
		"actor":             {`"ci@acme"`, u},
		"lease_ttl":         {`lease_ttl = "30s"`, `lease_ttl = ` + u},
		"environment name":  {`name    = "production"`, `name = ` + u},
		"tier":              {`tier    = "production"`, `tier = ` + u},
		"regions":           {`["eu-central-1"]`, `[` + u + `]`},
		"all regions":       {`["eu-central-1"]`, `[for r in [` + u + `] : r]`},
		"order":             {`order   = 3`, `order = length(` + u + `)`},
		"labels":            {`{ team = "payments" }` + "\n}", u + " == \"\" ? null : { team = " + u + " }\n}"},
		"a weight":          {`{ weight = 5, at_least`, `{ weight = length(` + u + `), at_least`},
		"a time of a step":  {`at_least = "1m"`, `at_least = ` + u},
		"bake":              {`bake   = "10m"`, `bake = ` + u},
		"ceiling":           {`ceiling = "1%"`, `ceiling = ` + u},
		"interval":          {`interval = "5s"`, `interval = ` + u},
		"a metric":          {`slow   = {`, `slow = ` + u + ` == "" ? null : {`},
		"kind of window":    {`kind      = "allow"`, `kind = ` + u},
		"days":              {`["mon"]`, `[` + u + `]`},
		"zone":              {`"Europe/Berlin"`, u},
		"service":           {`service              = "checkout"`, `service = ` + u},
		"environment":       {`sluice_environment.e.definition`, `{ name = ` + u + ` }`},
		"version":           {`version = "1.0.0"`, `version = ` + u},
		"reference":         {`"registry.example/checkout@` + digest + `"`, u},
		"artifact":          {`artifact             = {`, `artifact = ` + u + ` == "" ? null : {`},
		"configuration":     {`configuration_digest = "` + digest + `"`, `configuration_digest = ` + u},
		"url":               {`url = "http://127.0.0.1:1",`, `url = ` + u + `,`},
		"target":            {`target               = {`, `target = ` + u + ` == "" ? null : {`},
		"strategy":          {`sluice_deployment_strategy.s.definition`, `{ name = "x", content = ` + u + ` }`},
		"strategy's name":   {`sluice_deployment_strategy.s.definition`, `{ name = ` + u + ` }`},
		"policy":            {`sluice_rollback_policy.p.definition`, u + ` == "" ? null : sluice_rollback_policy.p.definition`},
		"signals":           {`signals              = {`, `signals = ` + u + ` == "" ? null : {`},
		"a signal":          {`{ openmetrics = {`, u + ` == "" ? null : { openmetrics = {`},
		"a signal's url":    {`"http://127.0.0.1:1/metrics"`, u},
		"mode":              {`mode                 = "enforce"`, `mode = ` + u},
		"irreversible":      {`irreversible         = false`, `irreversible = ` + u + ` == ""`},
		"previous name":     {`"cart/production"`, u},
		"release of drift":  {`sluice_release.r.id`, u},
		"mode of drift":     {`mode    = "report"`, `mode = ` + u},
		"reason of drift":   {`"an incident"`, u},
		"expires":           {`"2034-01-01T00:00:00Z"`, u},
		"automatic":         {`automatic   = true`, `automatic = ` + u + ` == ""`},
		"max_per_day":       {`max_per_day = 2`, `max_per_day = length(` + u + `)`},
		"slower_than":       {`baseline_quantile = 0.99`, `fixed = ` + u},
		"unattended weight": {`max_unattended_weight = 10`, `max_unattended_weight = length(` + u + `)`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			tf.Write("main.tf", edit(t, valid(tf.Dir), tc[0], tc[1])+`
resource "terraform_data" "u" {
  input = timestamp()
}
`)
			if plan := tf.Plan(); plan.Exit != 2 {
				t.Errorf("exit %d: %s", plan.Exit, plan.Text("error"))
			}
		})
	}
}
