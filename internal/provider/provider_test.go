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
  triggers = {
    harm          = { during = "both" }
    health        = { during = "steps" }
    failed_check  = { during = "never" }
    burn_rate     = { during = "both", metric = "errors", ceiling = "0.1%%", windows = [{ long = "1h", short = "5m", factor = 14.4 }], min_requests = 200 }
    error_ceiling = { during = "steps", metric = "errors", share = "5%%", over = "10m", min_requests = 300 }
    external      = { pager = { during = "both", signal = "http", metric = "errors" } }
  }
  how               = "by_steps"
  by_steps          = { each = "20s", within = "3m" }
  fast_track        = { within = "168h" }
  keep_warm         = "30m"
  require_rehearsal = true
}
resource "sluice_change_window" "w" {
  name      = "weekdays"
  kind      = "allow"
  time_zone = "Europe/Berlin"
  weekly    = [{ days = ["mon"], from = "09:00", to = "17:00" }]
  scope     = { environments = ["staging"], tiers = ["staging"], services = ["checkout"], labels = { team = "payments" } }
  severity  = "low"
}
resource "sluice_service" "c" {
  name         = "checkout"
  team         = "payments"
  criticality  = "high"
  labels       = { pci = "yes" }
  dependencies = ["search"]
  external_dependencies = ["psp"]
  objectives   = { error_ceiling = "0.5%%", latency = { share = "99%%", within = "300ms" } }
}
resource "sluice_external_dependency" "p" {
  name        = "psp"
  description = "takes the card payments"
  contact     = "psp-desk@example.com"
  maintenance = { time_zone = "UTC", weekly = [{ days = ["sun"], from = "02:00", to = "04:00" }] }
  checks      = [{ name = "status", url = "https://psp.example/status", when = ["before"], expect = { json = { state = { equals = "ok" } } } }]
}
resource "sluice_release" "r" {
  service              = "checkout"
  service_definition   = sluice_service.c.definition
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
  timeouts             = { create = "1h", update = "3h" }
}
resource "sluice_drift_check" "d" {
  release = sluice_release.r.id
  mode    = "report"
  ignore  = [{ path = "canary", reason = "an incident", expires = "2034-01-01T00:00:00Z" }]
  blocks   = "release"
  severity = { canary = "low" }
  fields   = { "baseline.replicas" = { equals = 3 } }
  documents = {
    settings = { url = "http://127.0.0.1:1/settings", timeout = "2s", paths = { "limits.max" = { equals = 100 } } }
  }
  security_groups = {
    web = { aws = { region = "eu-central-1" }, group_id = "sg-0a1b2c3d4e5f60718", ingress = [{ ip_protocol = "tcp", from_port = 8443, to_port = 8443, cidr_ipv4 = "10.0.0.0/8" }], egress = [] }
  }
  resources = {
    orders = { aws = { region = "eu-west-1" }, type = "AWS::SQS::Queue", identifier = "orders", paths = { Tags = { equals = "[]", unordered = true } } }
  }
  images = {
    app = { aws = { region = "eu-west-1" }, ecs = { cluster = "production", service = "checkout", container = "app" }, artifact = { version = "2.0.0", reference = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/proxy@sha256:ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff" }, tag = "v{version}" }
  }
}
`, filepath.Join(dir, "ledger.db"), digest, digest)
}

// edit replaces what stands once in a configuration.
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

func TestAccAnUnknownValueAnywhereIsNoErrorAndNoPanic(t *testing.T) {
	t.Parallel()
	tf := acctest.New(t, acctest.World())
	const u = `terraform_data.u.output`
	cases := map[string][2]string{
		"ledger":           {`"sqlite:`, `"sqlite:${` + u + `}`},
		"actor":            {`"ci@acme"`, u},
		"lease_ttl":        {`lease_ttl = "30s"`, `lease_ttl = ` + u},
		"environment name": {`name    = "production"`, `name = ` + u},
		"tier":             {`tier    = "production"`, `tier = ` + u},
		"regions":          {`["eu-central-1"]`, `[` + u + `]`},
		"all regions":      {`["eu-central-1"]`, `[for r in [` + u + `] : r]`},
		"order":            {`order   = 3`, `order = length(` + u + `)`},
		"labels":           {`{ team = "payments" }` + "\n}", u + " == \"\" ? null : { team = " + u + " }\n}"},
		"a weight":         {`{ weight = 5, at_least`, `{ weight = length(` + u + `), at_least`},
		"a step":           {`{ weight = 5, at_least = "1m" }, {`, u + ` == "" ? { weight = 4 } : { weight = 5 }, {`},
		"a span":           {`weekly    = [{ days = ["mon"], from = "09:00", to = "17:00" }]`, `absolute = [` + u + ` == "" ? { starts_at = "2026-01-01", ends_at = "2026-01-02" } : { starts_at = "2027-01-01", ends_at = "2027-01-02" }]`},
		"an entry": {`[{ path = "canary", reason = "an incident", expires = "2034-01-01T00:00:00Z" }]`,
			`[` + u + ` == "" ? { path = "canary", reason = "a", expires = "2034-01-01T00:00:00Z" } : { path = "canary", reason = "b", expires = "2034-01-01T00:00:00Z" }]`},
		"a dependency":       {`["psp"]`, `[` + u + `]`},
		"what is needed":     {`name        = "psp"`, `name = ` + u},
		"a maintenance":      {`maintenance = { time_zone = "UTC",`, `maintenance = { time_zone = ` + u + `,`},
		"a check's URL":      {`url = "https://psp.example/status"`, `url = ` + u},
		"a phase":            {`["before"]`, `[` + u + `]`},
		"all checks":         {`checks      = [`, `checks = ` + u + ` == "" ? null : [`},
		"what is expected":   {`{ equals = "ok" }`, `{ equals = ` + u + ` }`},
		"timeouts":           {`create = "1h"`, `create = ` + u},
		"a time of a step":   {`at_least = "1m"`, `at_least = ` + u},
		"bake":               {`bake   = "10m"`, `bake = ` + u},
		"ceiling":            {`ceiling = "1%"`, `ceiling = ` + u},
		"interval":           {`interval = "5s"`, `interval = ` + u},
		"a metric":           {`slow   = {`, `slow = ` + u + ` == "" ? null : {`},
		"kind of window":     {`kind      = "allow"`, `kind = ` + u},
		"days":               {`["mon"]`, `[` + u + `]`},
		"zone":               {`"Europe/Berlin"`, u},
		"service":            {`service              = "checkout"`, `service = ` + u},
		"environment":        {`sluice_environment.e.definition`, `{ name = ` + u + ` }`},
		"version":            {`version = "1.0.0"`, `version = ` + u},
		"reference":          {`"registry.example/checkout@` + digest + `"`, u},
		"artifact":           {`artifact             = {`, `artifact = ` + u + ` == "" ? null : {`},
		"configuration":      {`configuration_digest = "` + digest + `"`, `configuration_digest = ` + u},
		"url":                {`url = "http://127.0.0.1:1",`, `url = ` + u + `,`},
		"target":             {`target               = {`, `target = ` + u + ` == "" ? null : {`},
		"service definition": {`sluice_service.c.definition`, `{ name = "checkout", content = ` + u + ` }`},
		"team":               {`team         = "payments"`, `team = ` + u},
		"criticality":        {`criticality  = "high"`, `criticality = ` + u},
		"dependencies":       {`["search"]`, `[` + u + `]`},
		"an objective":       {`error_ceiling = "0.5%"`, `error_ceiling = ` + u},
		"a latency":          {`within = "300ms"`, `within = ` + u},
		"strategy":           {`sluice_deployment_strategy.s.definition`, `{ name = "x", content = ` + u + ` }`},
		"strategy's name":    {`sluice_deployment_strategy.s.definition`, `{ name = ` + u + ` }`},
		"policy":             {`sluice_rollback_policy.p.definition`, u + ` == "" ? null : sluice_rollback_policy.p.definition`},
		"signals":            {`signals              = {`, `signals = ` + u + ` == "" ? null : {`},
		"a signal":           {`{ openmetrics = {`, u + ` == "" ? null : { openmetrics = {`},
		"a signal's url":     {`"http://127.0.0.1:1/metrics"`, u},
		"mode":               {`mode                 = "enforce"`, `mode = ` + u},
		"irreversible":       {`irreversible         = false`, `irreversible = ` + u + ` == ""`},
		"previous name":      {`"cart/production"`, u},
		"release of drift":   {`sluice_release.r.id`, u},
		"mode of drift":      {`mode    = "report"`, `mode = ` + u},
		"reason of drift":    {`"an incident"`, u},
		"expires":            {`"2034-01-01T00:00:00Z"`, u},
		"automatic":          {`automatic   = true`, `automatic = ` + u + ` == ""`},
		"max_per_day":        {`max_per_day = 2`, `max_per_day = length(` + u + `)`},
		"part of a rollout":  {`during = "steps", metric`, `during = ` + u + `, metric`},
		"burn ceiling":       {`ceiling = "0.1%"`, `ceiling = ` + u},
		"burn range":         {`long = "1h"`, `long = ` + u},
		"burn factor":        {`factor = 14.4`, `factor = length(` + u + `)`},
		"external metric":    {`signal = "http", metric = "errors"`, `signal = "http", metric = ` + u},
		"way back":           {`how               = "by_steps"`, `how = ` + u},
		"fast track":         {`fast_track        = { within = "168h" }`, `fast_track = { within = ` + u + ` }`},
		"keep_warm":          {`keep_warm         = "30m"`, `keep_warm = ` + u},
		"require_rehearsal":  {`require_rehearsal = true`, `require_rehearsal = ` + u + ` == ""`},
		"slower_than":        {`baseline_quantile = 0.99`, `fixed = ` + u},
		"unattended weight":  {`max_unattended_weight = 10`, `max_unattended_weight = length(` + u + `)`},
		"scope of drift":     {`blocks   = "release"`, `blocks = ` + u},
		"severity of drift":  {`{ canary = "low" }`, `{ canary = ` + u + ` }`},
		"field of drift":     {`{ equals = 3 }`, `{ equals = ` + u + ` }`},
		"fields of drift":    {`fields   = {`, `fields = ` + u + ` == "" ? null : {`},
		"document's URL":     {`"http://127.0.0.1:1/settings"`, u},
		"document's paths":   {`paths = { "limits.max" = { equals = 100 } }`, `paths = ` + u + ` == "" ? null : { "limits.max" = { equals = 100 } }`},
		"document's time":    {`timeout = "2s"`, `timeout = ` + u},
		"a group":            {`"sg-0a1b2c3d4e5f60718"`, u},
		"all rules":          {`egress = []`, `egress = ` + u + ` == "" ? null : []`},
		"a property":         {`equals = "[]"`, `equals = ` + u},
		"accepted drift":     {`fields   = {`, `accepted = ` + u + ` == "" ? null : null` + "\n  fields = {"},
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
