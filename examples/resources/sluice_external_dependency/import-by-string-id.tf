import {
  to = sluice_external_dependency.psp
  id = "psp"
}
