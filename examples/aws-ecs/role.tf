# Two roles: the one by which ECS moves the rule's weights, and the one by which
# releases are driven.
data "aws_caller_identity" "here" {}

locals {
  # What begins an ARN of ECS, and one of IAM, in this account.
  ecs = "arn:aws:ecs:${var.region}:${data.aws_caller_identity.here.account_id}"
  iam = "arn:aws:iam::${data.aws_caller_identity.here.account_id}"
}

resource "aws_iam_role" "mover" {
  name = "${var.name}-mover"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ecs.amazonaws.com" } }]
  })
}

# What AWS's own policy AmazonECSInfrastructureRolePolicyForLoadBalancers allows, on
# what is moved here.
resource "aws_iam_role_policy" "mover" {
  name = "move"
  role = aws_iam_role.mover.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["elasticloadbalancing:DescribeListeners", "elasticloadbalancing:DescribeRules", "elasticloadbalancing:DescribeTargetGroups", "elasticloadbalancing:DescribeTargetHealth"]
        Resource = ["*"]
      },
      {
        Effect   = "Allow"
        Action   = ["elasticloadbalancing:ModifyListener", "elasticloadbalancing:ModifyRule"]
        Resource = [aws_lb_listener.http.arn, aws_lb_listener_rule.production.arn]
      },
      {
        Effect   = "Allow"
        Action   = ["elasticloadbalancing:RegisterTargets", "elasticloadbalancing:DeregisterTargets"]
        Resource = [for g in aws_lb_target_group.checkout : g.arn]
      },
    ]
  })
}

# The right to release, and nothing else: each call of the driver, on this service
# (docs/policies/ecs.json). Whoever drives a rollout assumes it: here, an agent, or a
# colleague with "sluice abort".
resource "aws_iam_role" "releases" {
  name = "${var.name}-releases"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { AWS = data.aws_caller_identity.here.account_id } # Better: the roles of CI and of who is on call.
    }]
  })
}

resource "aws_iam_role_policy" "releases" {
  name = "sluice"
  role = aws_iam_role.releases.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "Service"
        Effect = "Allow"
        Action = [
          "ecs:DescribeServices",
          "ecs:ListServiceDeployments",
          "ecs:DescribeServiceDeployments",
          "ecs:DescribeServiceRevisions",
          "ecs:UpdateService",
          "ecs:ContinueServiceDeployment",
          "ecs:StopServiceDeployment",
        ]
        Resource = [
          "${local.ecs}:service/${var.cluster}/${var.name}",
          "${local.ecs}:service-deployment/${var.cluster}/${var.name}/*",
          "${local.ecs}:service-revision/${var.cluster}/${var.name}/*",
        ]
      },
      {
        Sid    = "TaskDefinitions"
        Effect = "Allow"
        Action = [
          "ecs:RegisterTaskDefinition",
          "ecs:TagResource",
        ]
        Resource = ["${local.ecs}:task-definition/${var.name}:*"]
      },
      {
        Sid    = "Anywhere"
        Effect = "Allow"
        Action = [
          "ecs:DescribeTaskDefinition",
          "ecs:ListTaskDefinitions",
          "elasticloadbalancing:DescribeRules",
          "elasticloadbalancing:DescribeListeners",
        ]
        Resource = ["*"]
      },
      {
        # So that the plan names what is missing.
        Sid      = "Rehearsal"
        Effect   = "Allow"
        Action   = ["iam:SimulatePrincipalPolicy"]
        Resource = ["${local.iam}:role/*", "${local.iam}:user/*"]
      },
      {
        Sid       = "Roles"
        Effect    = "Allow"
        Action    = ["iam:PassRole"]
        Resource  = [aws_iam_role.execution.arn, aws_iam_role.mover.arn]
        Condition = { StringEquals = { "iam:PassedToService" = ["ecs-tasks.amazonaws.com", "ecs.amazonaws.com"] } }
      },
    ]
  })
}
