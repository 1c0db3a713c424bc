resource "sluice_environment" "production" {
  name    = "production"
  tier    = "production"
  regions = ["eu-central-1"]
}

resource "sluice_service" "checkout" {
  name       = "checkout"
  team       = "payments"
  objectives = { error_ceiling = "0.5%" }
}

resource "sluice_deployment_strategy" "careful" {
  name   = "careful"
  canary = { steps = provider::sluice::canary_steps([5, 25, 50, 100], "1m") }
  bake   = "10m"
  analysis = {
    metrics = {
      errors = { critical = true }
      slow   = { slower_than = { baseline_quantile = 0.99 } }
    }
  }
}

resource "sluice_rollback_policy" "cautious" {
  name        = "cautious"
  max_per_day = 1
}

resource "sluice_release" "checkout" {
  service            = "checkout"
  service_definition = sluice_service.checkout.definition
  environment        = sluice_environment.production.definition

  # Another digest, of the artifact or of its configuration, opens a rollout.
  artifact = {
    version   = "1.1.0"
    reference = "registry.example/checkout@sha256:9f2c4d7b1a60f3c58e2d9b04a7c61e8f35d0b9a2c4e6f8017293a4b5c6d7e8f9"
  }
  configuration_digest = "sha256:${sha256(jsonencode({ greeting = "hello" }))}"

  target = {
    contract = {
      url     = "https://deploy.example/checkout"
      token   = { env = "DEPLOY_TOKEN" }
      timeout = "10s"
    }
  }

  # Many regions, cells or tenants instead of target, each with the strategy's steps:
  # targets = [
  #   { name = "eu-1", region = "eu-central-1", target = { contract = { url = "https://eu-1.example" } } },
  #   { name = "us-1", region = "us-east-1", target = { contract = { url = "https://us-1.example" } } },
  # ]
  # waves = { order = "shuffled", sizes = [1, 5], max_parallel = 5, failure_budget = 1, soak = "10m" }

  signals = {
    http = {
      openmetrics = { url = "https://deploy.example/checkout/metrics", preset = "lab" }
    }
  }

  strategy        = sluice_deployment_strategy.careful.definition
  rollback_policy = sluice_rollback_policy.cautious.definition
  irreversible    = false

  # "observe" writes nothing to the target: the judge and the gates advise and record.
  mode = "enforce"

  # Only for the apply that renames the service or the environment:
  # What was found out about the artifact; nothing begins unless it passes.
  # evidence = data.sluice_ecr_artifact.checkout.evidence

  # previous_name = "shop/production"

  # The apply returns when the step that it found is decided, or when its job ends; an
  # agent goes on with the rollout, or a scheduled job: continued_by = { every = "30s" }
  wait         = "step"
  wait_at_most = "50m"
  continued_by = { agent = true }

  timeouts = { create = "2h", update = "2h" }
}

# An apply that is red because of a rollback still tells what serves.
output "serving" {
  value = sluice_release.checkout.serving
}
