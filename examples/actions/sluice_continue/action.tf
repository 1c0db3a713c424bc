action "sluice_continue" "checkout" {
  config {
    release = "checkout/production"
  }
}
