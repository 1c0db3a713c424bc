import {
  to = sluice_environment.production
  identity = {
    name = "production"
  }
}
