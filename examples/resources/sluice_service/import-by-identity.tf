import {
  to = sluice_service.checkout
  identity = {
    name = "checkout"
  }
}
