action "sluice_rollback" "checkout" {
  config {
    release = "checkout/production"
    reason  = "checkout is slow"
  }
}
