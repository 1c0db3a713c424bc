# What waits in production, of one service, with what would import it.
list "sluice_release" "waiting" {
  provider         = sluice
  include_resource = true
  limit            = 1000

  config {
    service     = "checkout"
    environment = "production"
    status      = "paused"
  }
}
