# The people on call declare how far a machine may go; a release takes their policy.
data "sluice_rollback_policy" "guarded" {
  name = "guarded"
}

data "sluice_environment" "production" {
  name = "production"
}

data "sluice_deployment_strategy" "careful" {
  name = "careful"
}

resource "sluice_release" "checkout" {
  service     = "checkout"
  environment = data.sluice_environment.production.definition
  artifact = {
    version   = "1.1.0"
    reference = "registry.example/checkout@sha256:9f2c4d7b1a60f3c58e2d9b04a7c61e8f35d0b9a2c4e6f8017293a4b5c6d7e8f9"
  }
  target          = { contract = { url = "http://127.0.0.1:7070" } }
  strategy        = data.sluice_deployment_strategy.careful.definition
  rollback_policy = data.sluice_rollback_policy.guarded.definition
  signals = {
    http = { openmetrics = { url = "http://127.0.0.1:7070/metrics", preset = "lab" } }
    # What the policy's external trigger listens to.
    alarms = {
      openmetrics = {
        url     = "http://127.0.0.1:9093/metrics"
        arms    = { label = "arm", baseline = "old", canary = "new" }
        metrics = { firing = { total = { name = "alarms_checked_total" }, bad = { name = "alarms_fired_total" } } }
      }
    }
  }
}
