# Sluice's side: a release of the function behind its alias.
provider "sluice" {}

resource "sluice_environment" "production" {
  name = "production"
  tier = "production"
}

resource "sluice_deployment_strategy" "careful" {
  name = "careful"

  canary = {
    steps = [
      { weight = 5, at_least = var.at_least },
      { weight = 25, at_least = var.at_least },
      { weight = 100 },
    ]
  }
  bake = var.bake

  # Lambda has no dead-man switch: if whoever drives the rollout dies, the weights
  # stay as they are. So the greatest weight that may be left like that is stated.
  max_unattended_weight = 25
}

resource "sluice_release" "checkout" {
  service     = "checkout"
  environment = sluice_environment.production.definition
  strategy    = sluice_deployment_strategy.careful.definition

  artifact = {
    version   = var.checkout_version
    reference = "s3://${aws_s3_bucket.builds.id}/checkout/${var.checkout_version}.zip@sha256:${filesha256("${path.module}/packages/${var.checkout_version}.zip")}"
  }

  target = {
    lambda = {
      function    = aws_lambda_function.checkout.function_name
      alias       = aws_lambda_alias.live.name
      region      = var.region
      assume_role = [{ role_arn = aws_iam_role.releases.arn }]
    }
  }

  # The package is there before it is released, and the right to do so.
  depends_on = [aws_s3_object.package, aws_iam_role_policy.releases]
}

# What Sluice moves, the AWS provider ignores; so Sluice reports when somebody else
# moves it.
resource "sluice_drift_check" "checkout" {
  release = sluice_release.checkout.id
  mode    = "report"
}
