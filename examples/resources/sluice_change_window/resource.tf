# Nothing goes forward during the peak.
resource "sluice_change_window" "peak" {
  name      = "black-friday"
  kind      = "freeze"
  time_zone = "Europe/Berlin"
  absolute  = [{ starts_at = "2026-11-26", ends_at = "2026-11-30T22:00" }]
}
