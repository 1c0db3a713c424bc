# What the shop's load balancer counted in the four weeks before, hour by hour, on
# the way to windows in which production may change.
data "sluice_window_advice" "shop" {
  time_zone     = "Europe/Berlin"
  csv           = { content = file("${path.module}/traffic.csv") }
  error_ceiling = "0.5%"
  release       = { takes = "90m", share = "50%" }

  # Somebody must be awake to look at it, and be there the day after.
  within      = [{ days = ["mon", "tue", "wed", "thu"], from = "08:00", to = "18:00" }]
  quiet_share = "75%"
  min_length  = "2h"
}

# Without a quiet hour there would be no window, and an allow without times opens
# never; say so before that.
check "there_is_a_quiet_hour" {
  assert {
    condition     = data.sluice_window_advice.shop.found
    error_message = join("\n", data.sluice_window_advice.shop.reasons)
  }
}

resource "sluice_change_window" "quiet_hours" {
  name       = "quiet-hours"
  kind       = "allow"
  time_zone  = data.sluice_window_advice.shop.time_zone
  reason     = "the fewest users are there"
  owner      = "shop"
  scope      = { tiers = ["production"] }
  overrun    = true
  recurrence = data.sluice_window_advice.shop.windows[*].recurrence
}

# The calendar that comes of it.
data "sluice_change_calendar" "next_week" {
  at      = "2026-11-23T00:00:00+01:00"
  horizon = "168h"
  tier    = "production"
  windows = [sluice_change_window.quiet_hours.definition]
}
