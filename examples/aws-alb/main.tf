# Two ECS services behind two target groups of a listener, which somebody made
# already: see the guide for what listener and services must ignore.
provider "sluice" {}

resource "sluice_environment" "production" {
  name = "production"
  tier = "production"
}

resource "sluice_deployment_strategy" "careful" {
  name = "careful"

  canary = {
    steps = [
      { weight = 5, at_least = "5m" },
      { weight = 25, at_least = "10m" },
      { weight = 100 },
    ]
  }
  bake = "15m"

  # A load balancer has no dead-man switch: if whoever drives the rollout dies, the
  # weights stay as they are.
  max_unattended_weight = 25
}

resource "sluice_release" "checkout" {
  service     = "checkout"
  environment = sluice_environment.production.definition
  strategy    = sluice_deployment_strategy.careful.definition

  artifact = {
    version   = var.checkout_version
    reference = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/checkout@${var.checkout_digest}"
  }

  target = {
    alb = {
      region        = "eu-central-1"
      target_groups = var.target_groups
      routes        = var.listeners

      ecs = {
        cluster  = "production"
        services = ["checkout-blue", "checkout-green"]
      }

      # Whoever drives the rollout, here or an agent, assumes the same role.
      assume_role = [{ role_arn = "arn:aws:iam::123456789012:role/checkout-releases" }]
    }
  }
}
