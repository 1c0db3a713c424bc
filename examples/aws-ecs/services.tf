# The author's side of what runs: a cluster, a task definition and the service.
resource "aws_ecs_cluster" "production" {
  name = var.cluster
}

resource "aws_cloudwatch_log_group" "checkout" {
  name              = "/ecs/${var.name}"
  retention_in_days = 14
}

# Starts tasks: fetches their image and writes their log. Tasks themselves have no
# role here, since this one calls nothing of AWS.
resource "aws_iam_role" "execution" {
  name = "${var.name}-execution"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ecs-tasks.amazonaws.com" } }]
  })
}

resource "aws_iam_role_policy" "execution" {
  name = "start"
  role = aws_iam_role.execution.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = ["logs:CreateLogStream", "logs:PutLogEvents"], Resource = ["${aws_cloudwatch_log_group.checkout.arn}:*"] },
      # For images in ECR; a public one needs none of these.
      { Effect = "Allow", Action = ["ecr:GetAuthorizationToken", "ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"], Resource = ["*"] },
    ]
  })
}

# What tasks are made of. Each release copies it with its own image, so a change of
# memory, environment and so on comes in with the next one.
resource "aws_ecs_task_definition" "checkout" {
  family                   = var.name
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 256
  memory                   = 512
  execution_role_arn       = aws_iam_role.execution.arn

  # By this people know the version that serves before the first release.
  tags = { "sluice:version" = var.first_version }

  container_definitions = jsonencode([{
    name         = "app"
    image        = local.images[var.first_version]
    essential    = true
    portMappings = [{ containerPort = var.port, hostPort = var.port, protocol = "tcp" }]
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.checkout.name
        awslogs-region        = var.region
        awslogs-stream-prefix = "app"
      }
    }
  }])
}

# What the AWS provider 5 cannot say of a service (its strategy, the second target
# group, the rule) the release says instead, when it begins a deployment.
resource "aws_ecs_service" "checkout" {
  name            = var.name
  cluster         = aws_ecs_cluster.production.id
  task_definition = aws_ecs_task_definition.checkout.arn
  desired_count   = var.tasks
  launch_type     = "FARGATE"

  network_configuration {
    subnets          = aws_subnet.public[*].id
    security_groups  = [aws_security_group.tasks.id]
    assign_public_ip = true
  }

  load_balancer {
    target_group_arn = aws_lb_target_group.checkout["blue"].arn
    container_name   = "app"
    container_port   = var.port
  }

  # ECS takes a target group only when a load balancer sends to it.
  depends_on = [aws_lb_listener_rule.production, aws_iam_role_policy.execution]

  lifecycle {
    ignore_changes = [task_definition, load_balancer, deployment_circuit_breaker, alarms]
  }
}
