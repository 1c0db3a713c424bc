import {
  to = sluice_release.checkout
  id = "checkout/production"
}
