resource "sluice_change_window" "peak" {
  name      = "black-friday"
  kind      = "freeze"
  time_zone = "Europe/Berlin"
  absolute  = [{ starts_at = "2026-11-26", ends_at = "2026-11-30T22:00" }]
}

# { open = false, reason = "freeze \"black-friday\"", until = "2026-11-30T22:00:00+01:00" }
output "on_friday" {
  value = provider::sluice::window_state(sluice_change_window.peak.definition, "2026-11-27T10:00:00+01:00")
}
