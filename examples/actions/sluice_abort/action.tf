action "sluice_abort" "checkout" {
  config {
    release = "checkout/production"
    reason  = "errors in the shop"
  }
}
