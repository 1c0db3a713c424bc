import {
  to = sluice_release.checkout
  identity = {
    service     = "checkout"
    environment = "production"
  }
}
