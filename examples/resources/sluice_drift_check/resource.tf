# Reports at every plan what differs from what the ledger says. With mode =
# "remediate" an apply brings it back.
resource "sluice_drift_check" "checkout" {
  release = "checkout/production"

  ignore = [{
    path    = "baseline.health"
    reason  = "the health check is being rewritten"
    expires = "2026-12-31T00:00:00Z"
  }]
}
