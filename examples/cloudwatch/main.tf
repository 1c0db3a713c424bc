# A function of AWS Lambda that is judged by what CloudWatch has counted of each
# version, and turned back by an alarm.

terraform {
  required_providers {
    sluice = {
      source = "sluice/sluice"
    }
  }
}

provider "sluice" {}

resource "sluice_environment" "production" {
  name = "production"
  tier = "production"
}

resource "sluice_deployment_strategy" "careful" {
  name   = "careful"
  canary = { steps = provider::sluice::canary_steps([5, 25, 100], "10m") }
  bake   = "15m"
  analysis = {
    metrics = {
      errors = { critical = true, ceiling = "1%" }
      slow   = { slower_than = { baseline_quantile = 0.99 } }
    }
  }

  # Lambda has no dead-man switch: if whoever drives the rollout dies, the weights
  # stay as they are.
  max_unattended_weight = 25
}

# An alarm that fires turns the rollout back at once; one that fires before it begins
# keeps it from beginning.
resource "sluice_rollback_policy" "alarms" {
  name = "alarms"
  triggers = {
    external = {
      checkout = { signal = "pager", metric = "alarms" }
    }
  }
}

resource "sluice_release" "checkout" {
  service         = "checkout"
  environment     = sluice_environment.production.definition
  strategy        = sluice_deployment_strategy.careful.definition
  rollback_policy = sluice_rollback_policy.alarms.definition

  artifact = {
    version   = "1.1.0"
    reference = "s3://acme-builds/checkout/1.1.0.zip@sha256:9f2c4d7b1a60f3c58e2d9b04a7c61e8f35d0b9a2c4e6f8017293a4b5c6d7e8f9"
  }

  target = {
    lambda = { function = "checkout", alias = "live", region = "eu-central-1" }
  }

  signals = {
    lambda = {
      cloudwatch = {
        region     = "eu-central-1"
        preset     = "lambda"
        dimensions = { FunctionName = "checkout", Resource = "checkout:live" }
      }
    }
    pager = {
      cloudwatch = {
        region = "eu-central-1"
        alarms = ["checkout-latency", "payments-down"]
      }
    }
  }
}
