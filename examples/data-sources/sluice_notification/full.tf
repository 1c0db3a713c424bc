# Another state declares who is told.
data "sluice_notification" "metrics" {
  name = "delivery-metrics"
}

# Where to look for what happened here.
output "told" {
  value = jsondecode(data.sluice_notification.metrics.definition.content).webhook.url
}
