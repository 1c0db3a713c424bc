# When can it be live?
resource "sluice_environment" "live" {
  name = "live"
  tier = "production"
}

resource "sluice_deployment_strategy" "stepwise" {
  name   = "stepwise"
  bake   = "1h"
  canary = { steps = [{ weight = 10, at_least = "30m" }, { weight = 100 }] }
}

data "sluice_release_timeline" "smallest" {
  service      = "basket"
  environments = [{ environment = sluice_environment.live.definition, strategy = sluice_deployment_strategy.stepwise.definition }]
}
