# The load balancer with its two target groups. What a release moves is in
# ignore_changes, so that no plan moves it back.
resource "aws_lb" "web" {
  name               = var.name
  load_balancer_type = "application"
  subnets            = aws_subnet.public[*].id
  security_groups    = [aws_security_group.balancer.id]
}

resource "aws_lb_target_group" "checkout" {
  for_each = toset(["blue", "green"])

  name                 = "${var.name}-${each.key}"
  vpc_id               = aws_vpc.checkout.id
  target_type          = "ip"
  protocol             = "HTTP"
  port                 = var.port
  deregistration_delay = 30

  health_check {
    path     = "/"
    interval = 10
  }

  lifecycle {
    ignore_changes = [tags["sluice:memory"]]
  }
}

resource "aws_lb_listener" "http" {
  load_balancer_arn = aws_lb.web.arn
  protocol          = "HTTP" # In earnest HTTPS, with a certificate.
  port              = 80

  # Where it begins: blue serves. From then on releases move the weights.
  default_action {
    type = "forward"

    forward {
      target_group {
        arn    = aws_lb_target_group.checkout["blue"].arn
        weight = 100
      }
      target_group {
        arn    = aws_lb_target_group.checkout["green"].arn
        weight = 0
      }
    }
  }

  lifecycle {
    ignore_changes = [default_action]
  }
}

# A rule moves with its listener: the release names both, and moves them in that order.
resource "aws_lb_listener_rule" "partners" {
  listener_arn = aws_lb_listener.http.arn
  priority     = 10

  condition {
    path_pattern {
      values = ["/partners/*"]
    }
  }

  action {
    type = "forward"

    forward {
      target_group {
        arn    = aws_lb_target_group.checkout["blue"].arn
        weight = 100
      }
      target_group {
        arn    = aws_lb_target_group.checkout["green"].arn
        weight = 0
      }
    }
  }

  lifecycle {
    ignore_changes = [action]
  }
}
