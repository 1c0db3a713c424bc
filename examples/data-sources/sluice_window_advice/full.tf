# While people are awake, for a release of this strategy, and in the error budget of
# this service.
resource "sluice_service" "shop" {
  name       = "shop"
  team       = "payments"
  objectives = { error_ceiling = "0.5%" }
}

resource "sluice_deployment_strategy" "careful" {
  name = "shop-careful"
  bake = "20m"
  canary = {
    steps = [{ weight = 5, at_least = "10m" }, { weight = 50, at_least = "20m" }, { weight = 100 }]
  }
}

data "sluice_window_advice" "full" {
  time_zone          = "Europe/Berlin"
  csv                = { content = file("${path.module}/traffic.csv") }
  service_definition = sluice_service.shop.definition
  strategy           = sluice_deployment_strategy.careful.definition
  within             = [{ days = ["mon", "tue", "wed", "thu"], from = "08:00", to = "18:00" }]
  quiet_share        = "75%"
  min_length         = "2h"
  max_windows        = 2

  # A Prometheus that keeps the past, instead of csv:
  # signal = {
  #   prometheus = {
  #     url    = "http://prometheus.internal:9090"
  #     preset = "haproxy"
  #     arms   = { baseline = "shop-blue", canary = "shop-green" }
  #   }
  # }
  # metric = "errors"
  # weeks  = 4
  # until  = "2026-11-23T00:00:00Z"

  # The release in short, instead of strategy:
  # release = { takes = "45m", share = "50%" }

  # The budget, instead of service_definition:
  # error_ceiling = "0.5%"
}

# The windows as they come. Nothing else may go forward then.
resource "sluice_change_window" "quiet" {
  name       = "quiet-hours"
  kind       = "allow"
  time_zone  = data.sluice_window_advice.full.time_zone
  reason     = "the fewest users are there"
  recurrence = data.sluice_window_advice.full.windows[*].recurrence
}
