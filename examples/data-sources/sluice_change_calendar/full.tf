resource "sluice_environment" "production" {
  name    = "production"
  tier    = "production"
  regions = ["eu-central-1", "us-east-1"]
}

resource "sluice_change_window" "christmas" {
  name      = "christmas"
  kind      = "freeze"
  time_zone = "Europe/Berlin"
  absolute  = [{ starts_at = "2026-12-23", ends_at = "2026-12-27" }]
  scope     = { teams = ["payments"] }
}

# What the windows of all teams say of checkout in production, on Christmas Eve and
# in the week after it.
data "sluice_change_calendar" "christmas" {
  at          = "2026-12-24T12:00:00+01:00"
  horizon     = "168h"
  service     = "checkout"
  team        = "payments"
  labels      = { pci = "yes" }
  environment = sluice_environment.production.definition

  # These stand in for what the environment says; without them its own are taken.
  tier    = "production"
  regions = ["eu-central-1"]

  # Windows of this configuration count from the plan on, before the ledger has them.
  windows = [sluice_change_window.christmas.definition]
}

# A set of windows that cannot be meant fails the plan of whoever declares it.
check "the_windows_can_be_meant" {
  assert {
    condition     = length(data.sluice_change_calendar.christmas.contradictions) == 0
    error_message = join("; ", data.sluice_change_calendar.christmas.contradictions[*].message)
  }
}

output "next_open" {
  value = data.sluice_change_calendar.christmas.next_open
}
