# Reports at every plan what differs from what the ledger says.
resource "sluice_drift_check" "checkout" {
  release = "checkout/production"
}
