# Sluice's side: a release of the pair of services behind the load balancer.
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

  # What CloudWatch counts of the new version must be proved safe before a step passes.
  # That takes users: where nobody sends requests nothing is ever proved.
  analysis = var.judged ? { metrics = { errors = { critical = true, ceiling = "1%" } } } : null

  # A load balancer has no dead-man switch: if whoever drives the rollout dies, the
  # weights stay as they are. So the greatest weight that may be left like that is stated.
  max_unattended_weight = 25
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
    alb = {
      region        = var.region
      target_groups = [aws_lb_target_group.checkout["blue"].arn, aws_lb_target_group.checkout["green"].arn]
      routes        = [aws_lb_listener.http.arn, aws_lb_listener_rule.partners.arn]

      ecs = {
        cluster         = aws_ecs_cluster.checkout.name
        services        = [aws_ecs_service.checkout["blue"].name, aws_ecs_service.checkout["green"].name]
        task_definition = aws_ecs_task_definition.checkout.arn
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

  # The right to release is there before the first look.
  depends_on = [aws_iam_role_policy.releases, aws_iam_role_policy.counts]
}

# What Sluice moves, the AWS provider ignores; so Sluice reports when somebody else
# moves it.
resource "sluice_drift_check" "checkout" {
  release = sluice_release.checkout.id
  mode    = "report"
}
