# Another state declares who is told.
data "sluice_notification" "events" {
  name = "events"
}
