# Another state declares who is told.
data "sluice_notification" "metrics" {
  name = "delivery-metrics"
}
