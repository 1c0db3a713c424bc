import {
  to = sluice_external_dependency.psp
  identity = {
    name = "psp"
  }
}
