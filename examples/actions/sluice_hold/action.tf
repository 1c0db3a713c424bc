action "sluice_hold" "checkout" {
  config {
    scope  = "environment/production"
    reason = "moving the database"
  }
}
