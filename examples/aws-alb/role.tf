# The right to release, and nothing else: each call of the driver, on what this release
# moves (docs/policies/alb.json). Whoever drives a rollout assumes it: here, an agent,
# or a colleague with "sluice abort".
data "aws_caller_identity" "here" {}

locals {
  # What ends the beginning of an ARN of this account, and what begins one of IAM.
  here = "${var.region}:${data.aws_caller_identity.here.account_id}"
  iam  = "arn:aws:iam::${data.aws_caller_identity.here.account_id}"
}

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
        Sid    = "Look"
        Effect = "Allow"
        Action = [
          "elasticloadbalancing:DescribeListeners",
          "elasticloadbalancing:DescribeRules",
          "elasticloadbalancing:DescribeTags",
          "elasticloadbalancing:DescribeTargetGroups",
          "elasticloadbalancing:DescribeTargetHealth",
          "ecs:DescribeTaskDefinition",
          "ecs:ListTaskDefinitions",
          "application-autoscaling:DescribeScalableTargets",
        ]
        Resource = ["*"]
      },
      {
        Sid    = "MoveWeights"
        Effect = "Allow"
        Action = [
          "elasticloadbalancing:ModifyListener",
          "elasticloadbalancing:ModifyRule",
        ]
        Resource = [aws_lb_listener.http.arn, aws_lb_listener_rule.partners.arn]
      },
      {
        Sid      = "Remember"
        Effect   = "Allow"
        Action   = ["elasticloadbalancing:AddTags"]
        Resource = [for g in aws_lb_target_group.checkout : g.arn]
      },
      {
        Sid    = "DriveServices"
        Effect = "Allow"
        Action = [
          "ecs:DescribeServices",
          "ecs:UpdateService",
        ]
        Resource = [for s in aws_ecs_service.checkout : s.id]
      },
      {
        Sid    = "MakeTaskDefinitions"
        Effect = "Allow"
        Action = [
          "ecs:RegisterTaskDefinition",
          "ecs:TagResource",
        ]
        Resource = ["arn:aws:ecs:${local.here}:task-definition/${var.name}:*"]
      },
      {
        Sid      = "HoldScaleIn"
        Effect   = "Allow"
        Action   = ["application-autoscaling:RegisterScalableTarget"]
        Resource = ["arn:aws:application-autoscaling:${local.here}:scalable-target/*"]
      },
      {
        Sid       = "RunTasksAs"
        Effect    = "Allow"
        Action    = ["iam:PassRole"]
        Resource  = [aws_iam_role.execution.arn]
        Condition = { StringEquals = { "iam:PassedToService" = "ecs-tasks.amazonaws.com" } }
      },
      {
        # So that the plan names what is missing.
        Sid      = "Rehearsal"
        Effect   = "Allow"
        Action   = ["iam:SimulatePrincipalPolicy"]
        Resource = ["${local.iam}:role/*", "${local.iam}:user/*"]
      },
    ]
  })
}
