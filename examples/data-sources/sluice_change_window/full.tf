data "sluice_change_window" "peak" {
  name = "black-friday"
}

# Whether the window is on at an instant of your choice.
output "christmas" {
  value = provider::sluice::window_state(data.sluice_change_window.peak.definition, "2026-12-24T12:00:00+01:00")
}
