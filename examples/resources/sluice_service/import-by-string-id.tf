import {
  to = sluice_service.checkout
  id = "checkout"
}
