# The checks of one service in production, with what would import them.
list "sluice_drift_check" "production" {
  provider         = sluice
  include_resource = true
  limit            = 1000

  config {
    service     = "checkout"
    environment = "production"
  }
}
