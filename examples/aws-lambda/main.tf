# A function of AWS Lambda behind the alias "live", which somebody made already: see
# the guide for what the alias must ignore.
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

  # Lambda has no dead-man switch: if whoever drives the rollout dies, the weights
  # stay as they are.
  max_unattended_weight = 25
}

resource "sluice_release" "checkout" {
  service     = "checkout"
  environment = sluice_environment.production.definition
  strategy    = sluice_deployment_strategy.careful.definition

  artifact = {
    version   = var.checkout_version
    reference = "s3://acme-builds/checkout/${var.checkout_version}.zip@${var.checkout_digest}"
  }

  target = {
    lambda = {
      function = "checkout"
      alias    = "live"
      region   = "eu-central-1"

      # Whoever drives the rollout, here or an agent, assumes the same role.
      assume_role = [{ role_arn = "arn:aws:iam::123456789012:role/checkout-releases" }]
    }
  }
}
