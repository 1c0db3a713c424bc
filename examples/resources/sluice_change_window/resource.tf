# Nothing goes forward in production during the peak.
resource "sluice_change_window" "peak" {
  name      = "black-friday"
  kind      = "freeze"
  time_zone = "Europe/Berlin"
  absolute  = [{ starts_at = "2026-11-26", ends_at = "2026-11-30T22:00" }]
  scope     = { tiers = ["production"] }
  reason    = "peak trade"
  owner     = "retail-ops"
}

# Otherwise in office hours only. What began inside may finish outside.
resource "sluice_change_window" "office_hours" {
  name      = "office-hours"
  kind      = "allow"
  time_zone = "Europe/Berlin"
  weekly    = [{ days = ["mon", "tue", "wed", "thu"], from = "09:00", to = "16:00" }]
  scope     = { tiers = ["production"] }
  overrun   = true
}
