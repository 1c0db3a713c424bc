# Through two environments, with a day of soak between them, in office hours that this
# configuration declares, until a deadline.
resource "sluice_environment" "preview" {
  name  = "preview"
  tier  = "staging"
  order = 1
}

resource "sluice_environment" "live" {
  name  = "live"
  tier  = "production"
  order = 2
}

resource "sluice_deployment_strategy" "in_one_go" {
  name        = "in-one-go"
  all_at_once = {}
  bake        = "10m"
}

resource "sluice_deployment_strategy" "stepwise" {
  name   = "stepwise"
  bake   = "1h"
  canary = { steps = [{ weight = 10, at_least = "30m" }, { weight = 50, at_least = "1h" }, { weight = 100 }] }
}

resource "sluice_service" "basket" {
  name = "basket"
  team = "storefront"
}

resource "sluice_change_window" "office_hours" {
  name      = "office-hours-of-live"
  kind      = "allow"
  time_zone = "Europe/Berlin"
  weekly    = [{ days = ["mon", "tue", "wed", "thu"], from = "09:00", to = "16:00" }]
  scope     = { environments = ["live"] }
  overrun   = true
}

data "sluice_release_timeline" "full" {
  service            = "basket"
  service_definition = sluice_service.basket.definition
  start              = "2026-12-03T15:30:00+01:00"
  deadline           = "2026-12-05T18:00:00+01:00"
  fail_on_miss       = false
  time_zone          = "Europe/Berlin"
  windows            = [sluice_change_window.office_hours.definition]

  environments = [
    { environment = sluice_environment.preview.definition, strategy = sluice_deployment_strategy.in_one_go.definition, soak = "24h" },
    { environment = sluice_environment.live.definition, strategy = sluice_deployment_strategy.stepwise.definition },
  ]
}

# Without fail_on_miss = false a deadline that cannot be met fails the plan.
check "it_is_live_in_time" {
  assert {
    condition     = data.sluice_release_timeline.full.reachable
    error_message = data.sluice_release_timeline.full.reason
  }
}

output "timeline" {
  value = data.sluice_release_timeline.full.picture
}
