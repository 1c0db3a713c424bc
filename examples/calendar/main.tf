# The calendar of a central team. Its windows hold for every release in scope that
# uses the same ledger; no release names them.

# Public holidays, from the calendar that the company publishes.
resource "sluice_change_window" "holidays" {
  name      = "holidays"
  kind      = "freeze"
  time_zone = "Europe/Berlin"
  reason    = "public holiday"
  owner     = "people-ops"
  scope     = { tiers = ["production"] }
  ics       = { file = "${path.module}/holidays.ics" }
}

# Audit and reporting periods carry the name of the rule that asks for them, and
# nobody overrides them.
resource "sluice_change_window" "reporting" {
  name        = "annual-report"
  kind        = "freeze"
  time_zone   = "Europe/Berlin"
  reason      = "the annual report is being audited"
  regulation  = "SOX 404"
  owner       = "finance"
  severity    = "critical"
  override_by = []
  absolute    = [{ starts_at = "2027-01-04", ends_at = "2027-01-15" }]
  scope       = { labels = { finance = "true" } }
}

# A third party's maintenance closes the services that depend on it, and only those.
resource "sluice_change_window" "payment_provider" {
  name      = "payment-provider"
  kind      = "freeze"
  time_zone = "UTC"
  reason    = "maintenance of the payment provider"
  owner     = "status.payments.example"
  scope     = { services = var.services_that_pay }
  recurrence = [{
    start    = "2026-12-06T02:00"
    duration = "3h"
    rrule    = "FREQ=MONTHLY;BYDAY=1SU"
  }]
}

# Otherwise in office hours, until Thursday. A rollout that began may finish later.
resource "sluice_change_window" "office_hours" {
  name        = "office-hours"
  kind        = "allow"
  time_zone   = "Europe/Berlin"
  weekly      = [{ days = ["mon", "tue", "wed", "thu"], from = "09:00", to = "16:00" }]
  scope       = { tiers = ["production"] }
  overrun     = true
  override_by = ["*@sre.example"]
}

# The windows taken together, from a Monday in December on.
data "sluice_change_calendar" "production" {
  at      = "2026-12-07T08:00:00Z"
  horizon = "720h"
  service = "checkout"
  tier    = "production"
  windows = [
    sluice_change_window.holidays.definition,
    sluice_change_window.reporting.definition,
    sluice_change_window.payment_provider.definition,
    sluice_change_window.office_hours.definition,
  ]
}

check "the_windows_can_all_be_meant" {
  assert {
    condition     = length(data.sluice_change_calendar.production.contradictions) == 0
    error_message = join("; ", data.sluice_change_calendar.production.contradictions[*].message)
  }
}
