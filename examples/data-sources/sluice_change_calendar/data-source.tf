# What the windows of all teams say of checkout in production, on Christmas Eve and
# in the week after it.
data "sluice_change_calendar" "christmas" {
  at      = "2026-12-24T12:00:00+01:00"
  horizon = "168h"
  service = "checkout"
  tier    = "production"
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
