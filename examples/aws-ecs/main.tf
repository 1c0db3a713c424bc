# A service of Amazon ECS behind two target groups, which somebody made already: see
# the guide for what the service and the listener rule must ignore.
provider "sluice" {}

resource "sluice_environment" "production" {
  name = "production"
  tier = "production"
}

resource "sluice_deployment_strategy" "careful" {
  name = "careful"

  # ECS knows one canary and then all, or equal steps; for others there is the target alb.
  canary = {
    steps = [
      { weight = 5, at_least = "10m" },
      { weight = 100 },
    ]
  }
  bake = "15m"

  # How long ECS waits at a step for the word to go on. Then it goes back by itself.
  revert_after = "45m"
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
    ecs = {
      cluster   = "production"
      service   = "checkout"
      container = "app"
      region    = "eu-central-1"
      alarms    = ["checkout-errors"]

      # The AWS provider 5 cannot say this of a service, so the target does.
      shifting = {
        alternate_target_group = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/checkout-green/fedcba9876543210"
        production_rule        = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:listener-rule/app/web/0123456789abcdef/0123456789abcdef/0123456789abcdef"
        role_arn               = "arn:aws:iam::123456789012:role/ecs-infrastructure"
      }

      # Whoever drives the rollout, here or an agent, assumes the same role.
      assume_role = [{ role_arn = "arn:aws:iam::123456789012:role/checkout-releases" }]
    }
  }
}
