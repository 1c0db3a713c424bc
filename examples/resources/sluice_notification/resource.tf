# Everything that happens, to a server that takes CloudEvents.
resource "sluice_notification" "events" {
  name    = "events"
  webhook = { url = "https://events.example/sluice" }
}
