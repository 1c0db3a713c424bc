# A window that the ledger knows, and an instant.
data "sluice_change_window" "peak" {
  name = "black-friday"
}

output "open_on_friday" {
  value = provider::sluice::window_state(data.sluice_change_window.peak.definition, "2026-11-27T10:00:00+01:00").open
}
