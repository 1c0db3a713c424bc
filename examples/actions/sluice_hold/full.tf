# Nothing goes forward in production for two hours; what goes back does.
action "sluice_hold" "checkout" {
  config {
    scope  = "environment/production"
    reason = "moving the database"
    until  = "2h"
  }
}
