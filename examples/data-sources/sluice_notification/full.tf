# Another state declares who is told.
data "sluice_notification" "events" {
  name = "events"
}

# Where to look for what happened here.
output "told" {
  value = jsondecode(data.sluice_notification.events.definition.content).webhook.url
}
