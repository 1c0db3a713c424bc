# Sluice's side: a release of the service, which ECS walks and Sluice gates.
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
      { weight = 5, at_least = var.at_least },
      { weight = 100 },
    ]
  }
  bake = var.bake

  # What CloudWatch counts of the new version must be proved safe before a step passes.
  # That takes users: where nobody sends requests nothing is ever proved.
  analysis = var.judged ? { metrics = { errors = { critical = true, ceiling = "1%" } } } : null

  # How long ECS waits at a step for the word to go on. Then it goes back by itself.
  revert_after = var.revert_after
}

locals {
  images = { for version, digest in var.builds : version => "${var.repository}@${digest}" }
}

resource "sluice_release" "checkout" {
  service     = "checkout"
  environment = sluice_environment.production.definition
  strategy    = sluice_deployment_strategy.careful.definition

  artifact = {
    version   = var.checkout_version
    reference = local.images[var.checkout_version]
  }

  target = {
    ecs = {
      cluster   = aws_ecs_cluster.production.name
      service   = aws_ecs_service.checkout.name
      container = "app"
      region    = var.region
      alarms    = [aws_cloudwatch_metric_alarm.errors.alarm_name]

      shifting = {
        alternate_target_group = aws_lb_target_group.checkout["green"].arn
        production_rule        = aws_lb_listener_rule.production.arn
        role_arn               = aws_iam_role.mover.arn
      }

      assume_role = [{ role_arn = aws_iam_role.releases.arn }]
    }
  }

  # The target says which target group is the old version's and which the new one's: they
  # change places with each release, so nobody can state it here.
  signals = {
    balancer = {
      cloudwatch = {
        region      = var.region
        preset      = "alb"
        dimensions  = { LoadBalancer = aws_lb.web.arn_suffix }
        assume_role = [{ role_arn = aws_iam_role.releases.arn }]
      }
    }
  }

  # Both rights are there before the first look.
  depends_on = [aws_iam_role_policy.releases, aws_iam_role_policy.mover, aws_iam_role_policy.counts]
}

# What ECS and Sluice move, the AWS provider ignores; so Sluice reports when somebody else
# moves it.
resource "sluice_drift_check" "checkout" {
  release = sluice_release.checkout.id
  mode    = "report"
}
