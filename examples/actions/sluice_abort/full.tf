# The artifact is bad, and this machine has no access to the target: whoever drives
# the rollout goes back.
action "sluice_abort" "checkout" {
  config {
    release    = "checkout/production"
    reason     = "corrupts baskets"
    quarantine = true
    request    = true
  }
}
