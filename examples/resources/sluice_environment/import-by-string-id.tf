import {
  to = sluice_environment.production
  id = "production"
}
