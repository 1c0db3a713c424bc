package provider_test

import (
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/provider/acctest"
)

// TestAccBadInputIsRefusedAtPlanOnItsAttribute holds each mistake to one message,
// on the path of the attribute, that says what is wrong and gives an example. An
// empty from adds to the configuration instead of editing it.
func TestAccBadInputIsRefusedAtPlanOnItsAttribute(t *testing.T) {
	t.Parallel()
	tf := acctest.New(t, acctest.World())
	steps := `[{ weight = 5, at_least = "1m" }, { weight = 100 }]`
	cases := map[string]struct{ typ, path, from, to, want string }{
		"weights that do not increase":        {"deployment_strategy", "canary.steps[1].weight", steps, `[{ weight = 5 }, { weight = 5 }, { weight = 100 }]`, "the weight 5 does not follow 5; weights must increase from step to step, for example"},
		"a weight above 100":                  {"deployment_strategy", "canary.steps[0].weight", steps, `[{ weight = 101 }]`, "101 is not a weight of a step; it must be above 0 and at most 100 %"},
		"a negative weight":                   {"deployment_strategy", "canary.steps[0].weight", steps, `[{ weight = -1 }, { weight = 100 }]`, "-1 is not a weight of a step"},
		"no final 100":                        {"deployment_strategy", "canary.steps", steps, `[{ weight = 5 }, { weight = 50 }]`, "the last weight must be 100"},
		"no steps":                            {"deployment_strategy", "canary.steps", steps, `[]`, "there are 0 steps; a canary has 1 to 100"},
		"at_most below at_least":              {"deployment_strategy", "canary.steps[0].at_most", steps, `[{ weight = 5, at_least = "2m", at_most = "1m" }, { weight = 100 }]`, "1m is shorter than at_least, 2m"},
		"a negative duration":                 {"deployment_strategy", "bake", `bake   = "10m"`, `bake = "-10m"`, `"-10m" is negative; a duration is a number with a unit`},
		"zero where not allowed":              {"deployment_strategy", "analysis.interval", `interval = "5s"`, `interval = "0s"`, `"0s" is zero; a duration is a positive number with a unit (ms, s, m, h), for example "5m"`},
		"a duration without a unit":           {"deployment_strategy", "bake", `bake   = "10m"`, `bake = "10"`, `"10" has no unit`},
		"two kinds of strategy":               {"deployment_strategy", "all_at_once", `bake   = "10m"`, `all_at_once = {}`, "both canary and all_at_once are given; exactly one of canary, linear, all_at_once, blue_green and rolling must be"},
		"no kind of strategy":                 {"deployment_strategy", "", `canary = { steps = ` + steps + ` }`, ``, "no kind of strategy is given"},
		"an unknown choice":                   {"deployment_strategy", "on_inconclusive", `"extend"`, `"wait"`, `"wait" is not a choice; it must be extend, pause or rollback, for example "extend"`},
		"a share without a unit":              {"deployment_strategy", `analysis.metrics["errors"].ceiling`, `ceiling = "1%"`, `ceiling = "1"`, `"1" has no percent sign; a share is a number from 0 to 100 with a percent sign, for example "1%"`},
		"no critical metric":                  {"deployment_strategy", "analysis.metrics", `critical = true, `, ``, "no metric is critical"},
		"a latency of two kinds":              {"deployment_strategy", `analysis.metrics["slow"].slower_than`, `baseline_quantile = 0.99`, `baseline_quantile = 0.99, fixed = "1s"`, "exactly one of baseline_quantile and fixed"},
		"two kinds in a step":                 {"deployment_strategy", "canary.steps[0].cohort", steps, `[{ weight = 5, cohort = { header = "X-Canary", value = "1" } }, { weight = 100 }]`, "both weight and cohort are given; exactly one of weight, cohort, mirror, pause and check is given in a step"},
		"a step of nothing":                   {"deployment_strategy", "canary.steps[0].weight", steps, `[{ at_least = "1m" }, { weight = 100 }]`, "0 is not a weight of a step; it must be above 0 and at most 100 %, and exactly one of weight, cohort, mirror, pause and check"},
		"a cohort without a header":           {"deployment_strategy", "canary.steps[0].cohort", steps, `[{ cohort = { value = "1" } }, { weight = 100 }]`, "exactly one of header and cookie must be given"},
		"a cohort by header and cookie":       {"deployment_strategy", "canary.steps[0].cohort", steps, `[{ cohort = { header = "X-Canary", cookie = "canary", value = "1" } }, { weight = 100 }]`, "exactly one of header and cookie must be given"},
		"a mirror of nothing":                 {"deployment_strategy", "canary.steps[0].mirror", steps, `[{ mirror = 0 }, { weight = 100 }]`, "0 is not a share of requests to copy; it must be above 0 and at most 100 %"},
		"a mirror of more than all":           {"deployment_strategy", "canary.steps[0].mirror", steps, `[{ mirror = 150 }, { weight = 100 }]`, "150 is not a share of requests to copy"},
		"a pause of less than nothing":        {"deployment_strategy", "canary.steps[0].pause.duration", steps, `[{ pause = { duration = "-10m" } }, { weight = 100 }]`, `"-10m" is negative`},
		"a pause at the end":                  {"deployment_strategy", "canary.steps", steps, `[{ weight = 50 }, { pause = {} }]`, "the last step is a pause; it must be the weight 100"},
		"a check without a URL":               {"deployment_strategy", "canary.steps[0].check.url", steps, `[{ check = { name = "smoke", url = "" } }, { weight = 100 }]`, "there is no URL; it must be absolute"},
		"a check that takes too long":         {"deployment_strategy", "canary.steps[0].check.timeout", steps, `[{ check = { name = "smoke", url = "http://127.0.0.1:1/", timeout = "30s" } }, { weight = 100 }]`, "30s is too long for a step"},
		"no batch":                            {"deployment_strategy", "rolling", `canary = { steps = ` + steps + ` }`, `rolling = {}`, "it does not say how many instances a batch has; exactly one of batch and batch_count is given"},
		"a batch of nothing":                  {"deployment_strategy", "rolling.batch", `canary = { steps = ` + steps + ` }`, `rolling = { batch = "0%" }`, "0 % is not a batch; it must be from 1 % to 100 %"},
		"a negative batch":                    {"deployment_strategy", "rolling.batch_count", `canary = { steps = ` + steps + ` }`, `rolling = { batch_count = -1, instances = 4 }`, "-1 is not a batch of 4 instances; it must be from 1 to 4"},
		"a batch of more than all":            {"deployment_strategy", "rolling.batch_count", `canary = { steps = ` + steps + ` }`, `rolling = { batch_count = 5, instances = 4 }`, "5 is not a batch of 4 instances"},
		"a batch of nobody knows how many":    {"deployment_strategy", "rolling.instances", `canary = { steps = ` + steps + ` }`, `rolling = { batch_count = 2 }`, "batch_count needs the number of instances"},
		"no room to be healthy":               {"deployment_strategy", "rolling.min_healthy", `canary = { steps = ` + steps + ` }`, `rolling = { batch = "25%", min_healthy = "90%" }`, "90 % leaves no room: a batch takes 25 % of the instances away, so at most 75 % stay"},
		"a cohort for no check":               {"deployment_strategy", "blue_green.cohort", `canary = { steps = ` + steps + ` }`, `blue_green = { cohort = { header = "X-Preview", value = "1" } }`, "for the checks and the preview before the switch, and there are none"},
		"an unknown zone":                     {"change_window", "time_zone", `"Europe/Berlin"`, `"Europe/Belin"`, "Europe/Berlin"},
		"a window that never opens":           {"change_window", "", `weekly    = [{ days = ["mon"], from = "09:00", to = "17:00" }]`, ``, "for example"},
		"a malformed time":                    {"change_window", "weekly[0].to", `"17:00"`, `"25:00"`, "24:00"},
		"a mutable tag":                       {"release", "artifact.reference", `checkout@` + digest, `checkout:1.0.0`, "names a tag, which can be moved to another artifact; a reference must end in a digest"},
		"a malformed digest":                  {"release", "artifact.reference", `checkout@` + digest, `checkout@sha256:abc`, `"sha256:abc" is not a digest`},
		"no digest":                           {"release", "artifact.reference", `registry.example/checkout@` + digest, `registry.example/checkout`, `so it means "latest"`},
		"an empty configuration":              {"release", "configuration_digest", `configuration_digest = "` + digest + `"`, `configuration_digest = ""`, "the digest is empty; leave the attribute out"},
		"no target":                           {"release", "target", `contract = { url = "http://127.0.0.1:1", timeout = "1s", token = { env = "HOME" } }`, ``, "no driver is given; exactly one must be"},
		"two targets":                         {"release", "target", `contract = { url = "http://127.0.0.1:1", timeout = "1s", token = { env = "HOME" } }`, `exec = { command = ["deploy"] }, contract = { url = "http://127.0.0.1:1", timeout = "1s", token = { env = "HOME" } }`, "contract and exec are given; exactly one must be"},
		"a target without a host":             {"release", "target.contract.url", `url = "http://127.0.0.1:1",`, `url = "127.0.0.1",`, "it must be http or https"},
		"a password in a URL":                 {"release", "target.contract.url", `url = "http://127.0.0.1:1",`, `url = "http://u:p@127.0.0.1:1",`, "the URL holds a user or password"},
		"a timeout without a unit":            {"release", "target.contract.timeout", `timeout = "1s"`, `timeout = "1"`, `"1" has no unit`},
		"a timeout of nothing":                {"release", "target.contract.timeout", `timeout = "1s"`, `timeout = "0s"`, "it must be a duration between 100ms and 1m"},
		"a token of two kinds":                {"release", "target.contract.token", `{ env = "HOME" }`, `{ env = "HOME", file = "x" }`, "sets env and file; set exactly one"},
		"a listener elsewhere":                {"release", "target.alb.routes[0]", `contract = { url = "http://127.0.0.1:1", timeout = "1s", token = { env = "HOME" } }`, `alb = { region = "eu-central-1", target_groups = ["arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/checkout-blue/73e2d6bc24d8a067", "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/checkout-green/9f0c4e1d7b6a5823"], routes = ["arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/web/50dc6c495c0c9188/f2f7dc8efc522ab2"] }`, "is in the region eu-west-1, and the target's region is eu-central-1"},
		"a network load balancer's listener":  {"release", "target.alb.routes[0]", `contract = { url = "http://127.0.0.1:1", timeout = "1s", token = { env = "HOME" } }`, `alb = { region = "eu-central-1", target_groups = ["arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/checkout-blue/73e2d6bc24d8a067", "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/checkout-green/9f0c4e1d7b6a5823"], routes = ["arn:aws:elasticloadbalancing:eu-central-1:123456789012:listener/net/web/50dc6c495c0c9188/f2f7dc8efc522ab2"] }`, "belongs to no Application Load Balancer"},
		"one target group":                    {"release", "target.alb.target_groups", `contract = { url = "http://127.0.0.1:1", timeout = "1s", token = { env = "HOME" } }`, `alb = { region = "eu-central-1", target_groups = ["arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/checkout-blue/73e2d6bc24d8a067"], routes = ["arn:aws:elasticloadbalancing:eu-central-1:123456789012:listener/app/web/50dc6c495c0c9188/f2f7dc8efc522ab2"] }`, "there are 1 target groups, and there must be two"},
		"a pair of one service":               {"release", "target.alb.ecs.services", `contract = { url = "http://127.0.0.1:1", timeout = "1s", token = { env = "HOME" } }`, `alb = { region = "eu-central-1", target_groups = ["arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/checkout-blue/73e2d6bc24d8a067", "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/checkout-green/9f0c4e1d7b6a5823"], routes = ["arn:aws:elasticloadbalancing:eu-central-1:123456789012:listener/app/web/50dc6c495c0c9188/f2f7dc8efc522ab2"], ecs = { cluster = "production", services = ["checkout"] } }`, "there must be two different services"},
		"services and groups":                 {"release", "target.alb.auto_scaling", `contract = { url = "http://127.0.0.1:1", timeout = "1s", token = { env = "HOME" } }`, `alb = { region = "eu-central-1", target_groups = ["arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/checkout-blue/73e2d6bc24d8a067", "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/checkout-green/9f0c4e1d7b6a5823"], routes = ["arn:aws:elasticloadbalancing:eu-central-1:123456789012:listener/app/web/50dc6c495c0c9188/f2f7dc8efc522ab2"], ecs = { cluster = "production", services = ["a", "b"] }, auto_scaling = { groups = ["a", "b"] } }`, "ecs and auto_scaling are both given"},
		"a share of health above all":         {"release", "target.alb.min_healthy", `contract = { url = "http://127.0.0.1:1", timeout = "1s", token = { env = "HOME" } }`, `alb = { region = "eu-central-1", target_groups = ["arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/checkout-blue/73e2d6bc24d8a067", "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/checkout-green/9f0c4e1d7b6a5823"], routes = ["arn:aws:elasticloadbalancing:eu-central-1:123456789012:listener/app/web/50dc6c495c0c9188/f2f7dc8efc522ab2"], min_healthy = 120 }`, "is not a share above 0"},
		"$LATEST as an alias":                 {"release", "target.lambda.alias", `contract = { url = "http://127.0.0.1:1", timeout = "1s", token = { env = "HOME" } }`, `lambda = { function = "checkout", alias = "$LATEST", region = "eu-central-1" }`, "$LATEST is not an alias, and cannot send a share of the traffic to another version"},
		"a function's ARN":                    {"release", "target.lambda.function", `contract = { url = "http://127.0.0.1:1", timeout = "1s", token = { env = "HOME" } }`, `lambda = { function = "arn:aws:lambda:eu-central-1:1:function:checkout", alias = "live", region = "eu-central-1" }`, "is not a function's name"},
		"a region that is none":               {"release", "target.lambda.region", `contract = { url = "http://127.0.0.1:1", timeout = "1s", token = { env = "HOME" } }`, `lambda = { function = "checkout", alias = "live", region = "Frankfurt" }`, "is not the name of a region"},
		"ARNs and a region that is none":      {"release", "target.alb.region", `contract = { url = "http://127.0.0.1:1", timeout = "1s", token = { env = "HOME" } }`, `alb = { region = "eu central", target_groups = ["arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/checkout-blue/73e2d6bc24d8a067", "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/checkout-green/9f0c4e1d7b6a5823"], routes = ["arn:aws:elasticloadbalancing:eu-central-1:123456789012:listener/app/web/50dc6c495c0c9188/f2f7dc8efc522ab2"], assume_role = [{ role_arn = "arn:aws:iam::123456789012:role/releases" }] }`, `"eu central" is not the name of a region; for example "eu-central-1"`},
		"a task definition that changes":      {"release", "target.ecs.task_definition", `contract = { url = "http://127.0.0.1:1", timeout = "1s", token = { env = "HOME" } }`, `ecs = { cluster = "production", service = "checkout", region = "eu-central-1", task_definition = "checkout" }`, "it must be one that never changes, so a family alone is none"},
		"a role of another partition":         {"release", "target.lambda.assume_role[0].role_arn", `contract = { url = "http://127.0.0.1:1", timeout = "1s", token = { env = "HOME" } }`, `lambda = { function = "checkout", alias = "live", region = "cn-north-1", assume_role = [{ role_arn = "arn:aws:iam::123456789012:role/releases" }] }`, "the region cn-north-1 is in aws-cn"},
		"a signal without arms":               {"release", `signals["http"].openmetrics.arms`, `preset = "lab"`, `metrics = { errors = { total = { name = "r" }, bad = { match = { code = "5.." } } } }`, "nothing tells the arms apart; give the label that does"},
		"a signal without a baseline":         {"release", `signals["http"].openmetrics.arms.baseline`, `preset = "lab"`, `preset = "lab", arms = { label = "arm", canary = "canary" }`, "baseline"},
		"a signal without a driver":           {"release", `signals["http"]`, `{ openmetrics = { url = "http://127.0.0.1:1/metrics", preset = "lab" } }`, `{}`, "no driver is given; exactly one must be, of: cloudwatch, haproxy, openmetrics, prometheus"},
		"a metric that nobody counts":         {"release", "signals", `  signals              = { http = { openmetrics = { url = "http://127.0.0.1:1/metrics", preset = "lab" } } }`, ``, "but the release has no signal to count it"},
		"an empty name":                       {"environment", "name", `name    = "production"`, `name = ""`, "the name is empty; a name has 1 to 128 characters"},
		"a name with a slash":                 {"release", "service", `service              = "checkout"`, `service = "check/out"`, `the name "check/out" contains a slash`},
		"a name of 300 characters":            {"rollback_policy", "name", `name        = "cautious"`, `name = "` + strings.Repeat("x", 300) + `"`, "the name has 300 characters"},
		"control characters":                  {"change_window", "name", `name      = "weekdays"`, `name = "week\u0007days"`, "has control characters; allowed are 1 to 128 characters"},
		"an unknown tier":                     {"environment", "tier", `tier    = "production"`, `tier = "prod"`, `"prod" is not a tier; it must be development, test, staging or production`},
		"a negative order":                    {"environment", "order", `order   = 3`, `order = -3`, "-3 is negative; the order of promotion is a whole number from 0 on"},
		"too many rollbacks":                  {"rollback_policy", "max_per_day", `max_per_day = 2`, `max_per_day = 200`, "200 is not a limit; it must be from 1 to 100, for example 3"},
		"a factor of nothing":                 {"rollback_policy", "triggers.burn_rate.windows[0].factor", `factor = 14.4`, `factor = 0`, "0 is not a factor; it must be above 0, for example 14.4"},
		"a negative factor":                   {"rollback_policy", "triggers.burn_rate.windows[0].factor", `factor = 14.4`, `factor = -6`, "-6 is not a factor"},
		"a short range that is not shorter":   {"rollback_policy", "triggers.burn_rate.windows[0].short", `short = "5m"`, `short = "1h"`, "the short range, 1h, is not shorter than the long one, 1h"},
		"a range of a year":                   {"rollback_policy", "triggers.burn_rate.windows[0].long", `long = "1h"`, `long = "8760h"`, "8760h is not a range; it must be above 0s and at most 72h"},
		"a burn rate of no ceiling":           {"rollback_policy", "triggers.burn_rate.ceiling", `ceiling = "0.1%"`, `ceiling = "0%"`, "0 is not a ceiling; it must be above 0 % and below 100 %"},
		"a burn rate that never fires":        {"rollback_policy", "triggers.burn_rate.windows", `ceiling = "0.1%"`, `ceiling = "10%"`, "a factor of 14.4 on a ceiling of 10 % is 144 % of all events, which can never be"},
		"a burn rate without an objective":    {"release", "rollback_policy", `sluice_rollback_policy.p.definition`, `{ name = "x", content = jsonencode({ name = "x", triggers = { burn_rate = { metric = "slow" } } }) }`, "has a burn rate without an objective"},
		"an error ceiling of nothing":         {"rollback_policy", "triggers.error_ceiling.share", `share = "5%"`, `share = "0%"`, "0 is not a ceiling; it must be above 0 % and below 100 %"},
		"an error ceiling of all":             {"rollback_policy", "triggers.error_ceiling.share", `share = "5%"`, `share = "100%"`, "1 is not a ceiling"},
		"a trigger on no request":             {"rollback_policy", "triggers.error_ceiling.min_requests", `min_requests = 300`, `min_requests = 0`, "0 is not a number of requests; it must be 1 or more"},
		"an unknown part of a rollout":        {"rollback_policy", "triggers.health.during", `health        = { during = "steps" }`, `health = { during = "always" }`, `"always" is not a part of a rollout; it must be both, steps, bake or never`},
		"a bake that nobody may go back from": {"rollback_policy", "triggers.health.during", `health        = { during = "steps" }`, `health = { during = "bake" }`, "in which during_bake = false leaves every rollback to a person"},
		"a trigger that nobody counts":        {"release", "rollback_policy", `signal = "http", metric = "errors"`, `signal = "http", metric = "alarms"`, `watches the metric "alarms" by its trigger external "pager": no signal counts the metric "alarms"`},
		"a trigger of no signal":              {"release", "rollback_policy", `signal = "http", metric = "errors"`, `signal = "pager", metric = "errors"`, `takes its trigger external "pager" from the signal "pager", which the release does not have; it has http`},
		"every trigger off": {"rollback_policy", "triggers.harm", ``, `resource "sluice_rollback_policy" "off" {
  name     = "off"
  triggers = { harm = { during = "never" }, health = { during = "never" }, failed_check = { during = "never" } }
}`, "every trigger is off, so nothing could ever go back by itself though the policy is automatic"},
		"an unknown way back":                 {"rollback_policy", "how", `how               = "by_steps"`, `how = "slowly"`, `"slowly" is not a way back; it must be at_once or by_steps`},
		"steps of a way back at once":         {"rollback_policy", "by_steps", `how               = "by_steps"`, ``, "by_steps bounds a way back by steps, but the policy goes back at once"},
		"a way back of a day":                 {"rollback_policy", "by_steps.within", `within = "3m"`, `within = "24h"`, "24h is not a bound of the way back; it must be above 0s and at most 1h"},
		"a way back by no steps":              {"release", "rollback_policy", `canary = { steps = ` + steps + ` }`, `all_at_once = {}`, `goes back by steps, but the strategy "careful" has none below 100 %`},
		"a way back by steps of batches":      {"release", "rollback_policy", `canary = { steps = ` + steps + ` }`, `rolling = { batch = "25%" }`, `goes back by steps, but the strategy "careful" replaces instances in batches, which go back together`},
		"a negative fast track":               {"rollback_policy", "fast_track.within", `within = "168h"`, `within = "-7h"`, `"-7h" is negative`},
		"a fast track in days":                {"rollback_policy", "fast_track.within", `within = "168h"`, `within = "7d"`, `"7d" is not a duration`},
		"an old arm kept warm for a minus":    {"rollback_policy", "keep_warm", `keep_warm         = "30m"`, `keep_warm = "-30m"`, `"-30m" is negative`},
		"a malformed previous name":           {"release", "previous_name", `"cart/production"`, `"cart"`, `"cart" does not name a release; it must be SERVICE/ENVIRONMENT, for example "checkout/production"`},
		"an unknown mode":                     {"release", "mode", `mode                 = "enforce"`, `mode = "watch"`, `"watch" is not a mode; it must be enforce or observe, for example "enforce"`},
		"a drift check of nothing":            {"drift_check", "release", `sluice_release.r.id`, `"checkout"`, `"checkout" does not name a release`},
		"an entry without an end":             {"drift_check", "ignore[0].expires", `"2034-01-01T00:00:00Z"`, `"for ever"`, `"for ever" is not an instant; it must be RFC 3339`},
		"an entry without a reason":           {"drift_check", "ignore[0].reason", `reason = "an incident"`, `reason = " "`, "the reason is empty; say why this may differ"},
		"an unknown severity of drift":        {"drift_check", `severity["canary"]`, `severity = { canary = "low" }`, `severity = { canary = "dire" }`, `"dire" is no severity; it must be low, medium or high, for example "high"`},
		"an unknown scope of drift":           {"drift_check", "blocks", `blocks   = "release"`, `blocks = "everything"`, `"everything" is not a scope; it must be nothing, release or environment`},
		"a field that expects nothing":        {"drift_check", `fields["baseline.replicas"]`, `{ equals = 3 }`, `{}`, "exactly one of equals and sha256 says what is expected"},
		"a password in a document's URL":      {"drift_check", `documents["settings"].url`, `http://127.0.0.1:1/settings`, `http://me:hunter2@127.0.0.1:1/settings`, "the URL holds a user or password"},
		"a hash of a document that is none":   {"drift_check", `documents["settings"].paths["limits.max"].sha256`, `{ equals = 100 }`, `{ sha256 = "abc" }`, "this is not a SHA-256 hash; it must be 64 hexadecimal digits"},
		"a document of no path":               {"drift_check", `documents["settings"].paths`, `{ "limits.max" = { equals = 100 } }`, `{ "limits.*" = { equals = 100 } }`, `"limits.*" is not a path`},
		"a document read for an hour":         {"drift_check", `documents["settings"].timeout`, `timeout = "2s"`, `timeout = "1h"`, "it must be a duration from 100ms to 1m"},
		"a block that AWS keeps otherwise":    {"drift_check", `security_groups["web"].ingress[0].cidr_ipv4`, `cidr_ipv4 = "10.0.0.0/8"`, `cidr_ipv4 = "10.1.2.3/8"`, `"10.1.2.3/8" has bits set beyond the first 8, so AWS keeps another block than is written; name that, for example "10.0.0.0/8"`},
		"a rule declared twice":               {"drift_check", `security_groups["web"].ingress[1]`, `cidr_ipv4 = "10.0.0.0/8" }]`, `cidr_ipv4 = "10.0.0.0/8" }, { ip_protocol = "6", from_port = 8443, to_port = 8443, cidr_ipv4 = "10.0.0.0/8" }]`, "it is the same rule as ingress[0], tcp 8443 from 10.0.0.0/8, and AWS keeps one of them; leave one out, for example ingress[1]"},
		"a group in no region":                {"drift_check", `security_groups["web"].aws.region`, `aws = { region = "eu-central-1" }`, `aws = { region = "Frankfurt" }`, `"Frankfurt" is not the name of a region; for example "eu-central-1"`},
		"a type of Terraform":                 {"drift_check", `resources["orders"].type`, `"AWS::SQS::Queue"`, `"aws_sqs_queue"`, `"aws_sqs_queue" is not a type of CloudFormation`},
		"an image of no runtime":              {"drift_check", `images["app"]`, `ecs = { cluster = "production", service = "checkout", container = "app" }, `, ``, "exactly one of ecs and lambda says what runs the image; for example ecs = {"},
		"a tag of another registry":           {"drift_check", `images["app"].tag`, `"123456789012.dkr.ecr.eu-west-1.amazonaws.com/proxy@`, `"registry.example/proxy@`, `the artifact's reference "registry.example/proxy" names no private registry of ECR, so nobody can be asked what a tag names; leave the tag out, or name an image in ECR, for example artifact = data.sluice_ecr_artifact.proxy.artifact`},
		"acceptance of nothing":               {"drift_check", "accepted", `mode    = "report"`, `mode = "accept"`, "mode accept accepts what is stated here, and nothing is; for example"},
		"an unknown ledger":                   {"", "ledger", `ledger    = "sqlite:`, `ledger = "mysql:`, `the scheme "mysql" is unknown; allowed is sqlite:PATH`},
		"an empty actor":                      {"", "actor", `"ci@acme"`, `""`, `"" is not an actor; it has 1 to 128 characters`},
		"a lease without a term":              {"", "lease_ttl", `lease_ttl = "30s"`, `lease_ttl = "0s"`, `"0s" is zero`},
		"a timeout that is negative":          {"release", "timeouts.update", `update = "3h"`, `update = "-3h"`, `"-3h" is negative; a duration is a positive number with a unit`},
		"a timeout of zero":                   {"release", "timeouts.create", `create = "1h"`, `create = "0s"`, `"0s" is zero; a duration is a positive number with a unit`},
		"a wait without a unit":               {"release", "timeouts.create", `create = "1h"`, `create = "60"`, `"60" has no unit`},
		"an unknown preset":                   {"release", `signals["http"].openmetrics.preset`, `preset = "lab"`, `preset = "nginx"`, `nginx`},
		"a signal that is not there":          {"release", "signals", `ceiling = "1%"`, `ceiling = "1%", signal = "grpc"`, `from the signal "grpc", which the release does not have`},
		"a step of no weight":                 {"deployment_strategy", "canary.steps[0].weight", steps, `[{ weight = 0 }, { weight = 100 }]`, "0 is not a weight of a step"},
		"a negative step":                     {"deployment_strategy", "canary.steps[0].at_least", `at_least = "1m"`, `at_least = "-1m"`, `"-1m" is negative`},
		"a deadline of zero":                  {"deployment_strategy", "canary.steps[0].at_most", `at_least = "1m"`, `at_most = "0s"`, `"0s" is zero`},
		"an increment above 100":              {"deployment_strategy", "linear.step_weight", `canary = { steps = ` + steps + ` }`, `linear = { step_weight = 120 }`, "120 is not an increment; it must be from 1 to 100 %"},
		"an unattended weight of 200":         {"deployment_strategy", "max_unattended_weight", `max_unattended_weight = 10`, `max_unattended_weight = 200`, "200"},
		"a share above 100 %":                 {"deployment_strategy", `analysis.metrics["errors"].ceiling`, `ceiling = "1%"`, `ceiling = "101%"`, "101%"},
		"a window that ends before it starts": {"change_window", "absolute[0].ends_at", `weekly    = [{ days = ["mon"], from = "09:00", to = "17:00" }]`, `absolute = [{ starts_at = "2026-12-24", ends_at = "2026-12-20" }]`, "2026-12-20"},
		"a window on no day":                  {"change_window", "weekly[0].days", `["mon"]`, `[]`, "for example"},
		"a day that is none":                  {"change_window", "weekly[0].days[0]", `["mon"]`, `["moonday"]`, `"moonday"`},
		"an unknown kind of window":           {"change_window", "kind", `kind      = "allow"`, `kind = "block"`, `"block"`},
		"an unknown severity":                 {"change_window", "severity", `severity  = "low"`, `severity = "dire"`, `"dire"`},
		"an unknown tier of a window":         {"change_window", "scope.tiers[0]", `tiers = ["staging"]`, `tiers = ["stage"]`, `"stage"`},
		"a version without a label":           {"release", "artifact.version", `version = "1.0.0"`, `version = ""`, "the version label is empty"},
		"a name that no ledger knows":         {"release", "strategy.name", `sluice_deployment_strategy.s.definition`, `{ name = "nobody" }`, `No ledger knows the deployment strategy "nobody"; a literal name must be declared already`},
		"an empty literal name":               {"release", "environment.name", `sluice_environment.e.definition`, `{ name = "" }`, "the name is empty"},
		"a service of 300 characters":         {"release", "service", `service              = "checkout"`, `service = "` + strings.Repeat("x", 300) + `"`, "the name has 300 characters"},
		"an empty service":                    {"release", "service", `service              = "checkout"`, `service = ""`, "the name is empty"},
		"a strategy with a slash":             {"deployment_strategy", "name", `"careful"`, `"care/ful"`, `the name "care/ful" contains a slash`},
		"a region without a name":             {"environment", "regions[0]", `["eu-central-1"]`, `[""]`, "the name is empty"},
		"an unknown mode of a check":          {"drift_check", "mode", `mode    = "report"`, `mode = "shout"`, `"shout"`},
		"a malformed path":                    {"drift_check", "ignore[0].path", `path = "canary"`, `path = ""`, "is not a path"},
		"a data source's name":                {"environment", "name", ``, `data "sluice_environment" "x" { name = "a/b" }`, `the name "a/b" contains a slash`},
		"a data source of nothing": {"release", "service", ``, `data "sluice_release" "x" {
  service     = ""
  environment = "production"
}`, "the name is empty"},
		"a data source of a tag": {"release", "artifact.reference", ``, `data "sluice_release" "x" {
  service     = "checkout"
  environment = "production"
  artifact    = { version = "1.0.0", reference = "registry.example/checkout:1.0.0" }
}`, "names a tag"},
		"a definition of something else": {"release", "strategy.content", `sluice_deployment_strategy.s.definition`, `{ name = "x", content = jsonencode({ name = "x" }) }`, "no kind of strategy"},
		"another service's content":      {"release", "service_definition", `service_definition   = sluice_service.c.definition`, `service_definition = { name = "search", content = jsonencode({ name = "search" }) }`, `the definition is of the service "search" and the release of "checkout"`},
		"a label of two values":          {"release", "service_definition", `labels       = { pci = "yes" }`, `labels = { team = "web" }`, `the label "team" is "web" of the service and "payments" of the environment "production"`},
		"an empty team":                  {"service", "team", `team         = "payments"`, `team = ""`, "the name is empty"},
		"a team with a slash":            {"service", "team", `team         = "payments"`, `team = "a/b"`, `the name "a/b" contains a slash`},
		"an unknown criticality":         {"service", "criticality", `criticality  = "high"`, `criticality = "dire"`, `"dire" is not a criticality`},
		"a service that needs itself":    {"service", "dependencies[0]", `["search"]`, `["checkout"]`, `"checkout" is the service itself`},
		"a dependency twice":             {"service", "dependencies[1]", `["search"]`, `["search", "search"]`, `"search" is there already`},
		"an external dependency twice":   {"service", "external_dependencies[1]", `["psp"]`, `["psp", "psp"]`, `"psp" is there already`},
		"an external dependency's slash": {"service", "external_dependencies[0]", `["psp"]`, `["a/b"]`, `the name "a/b" contains a slash`},
		"a name of both kinds":           {"service", "external_dependencies[0]", `["psp"]`, `["search"]`, `"search" stands in dependencies too`},
		"a ceiling of nothing":           {"service", "objectives.error_ceiling", `error_ceiling = "0.5%"`, `error_ceiling = "0%"`, "0 is not a ceiling"},
		"a ceiling without a sign":       {"service", "objectives.error_ceiling", `error_ceiling = "0.5%"`, `error_ceiling = "0.5"`, `"0.5" has no percent sign`},
		"an objective of all":            {"service", "objectives.latency.share", `share = "99%"`, `share = "100%"`, "1 is not a share of an objective"},
		"an objective of two days":       {"service", "objectives.latency.within", `within = "300ms"`, `within = "48h"`, "48h is not a time of an objective"},
		"another environment's content":  {"release", "environment.content", `sluice_environment.e.definition`, `{ name = "x", content = sluice_environment.e.definition.content }`, `the content is of the environment "production" and the name is "x"`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			config := valid(tf.Dir) + tc.to
			if tc.from != "" {
				config = edit(t, valid(tf.Dir), tc.from, tc.to)
			}
			tf.Write("main.tf", config)
			tf.Seen()
			plan := tf.Plan()
			if errs := plan.Of("error"); plan.Exit != 1 || len(errs) != 1 {
				t.Fatalf("exit %d with %d errors, want one: %s", plan.Exit, len(errs), plan.Text("error"))
			}
			tf.Golden("bad input: "+name, plan, "error")
			wantOneOn(t, tf.Seen(), strings.TrimSuffix("sluice_"+tc.typ, "sluice_"), tc.path, tc.want)
		})
	}
}

// wantOneOn checks that there was one error, on an attribute, with these words and
// an example.
func wantOneOn(t *testing.T, seen []acctest.Seen, typ, path, words string) {
	t.Helper()
	var errs []acctest.Seen
	for _, s := range seen {
		if s.Error {
			errs = append(errs, s)
		}
	}
	if len(errs) != 1 {
		t.Fatalf("there are %d errors, want one: %+v", len(errs), errs)
	}
	got := errs[0]
	if got.Type != typ || got.Path != path {
		t.Errorf("the error is on %s %q, want %s %q", got.Type, got.Path, typ, path)
	}
	text := strings.Join(strings.Fields(got.Detail), " ")
	for _, want := range []string{words, "for example"} {
		if !strings.Contains(text, want) {
			t.Errorf("the message\n%s\ndoes not say\n%s", text, want)
		}
	}
}
