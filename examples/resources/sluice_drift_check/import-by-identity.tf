import {
  to = sluice_drift_check.checkout
  identity = {
    release = "checkout/production"
  }
}
