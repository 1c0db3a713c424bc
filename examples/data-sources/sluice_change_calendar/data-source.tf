# Whether changes may go forward now, where no window asks for more than the ledger
# knows.
data "sluice_change_calendar" "now" {}

output "open" {
  value = data.sluice_change_calendar.now.open
}
