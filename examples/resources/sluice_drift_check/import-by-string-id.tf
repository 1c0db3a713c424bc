import {
  to = sluice_drift_check.checkout
  id = "checkout/production"
}
