# Where the tasks run: two public subnets, since a NAT gateway costs more than
# everything else here. Take your own network instead where you have one.
provider "aws" {
  region = var.region
}

data "aws_availability_zones" "here" {
  state = "available"
}

resource "aws_vpc" "checkout" {
  cidr_block           = "10.20.0.0/16"
  enable_dns_hostnames = true
  tags                 = { Name = var.name }
}

resource "aws_subnet" "public" {
  count = 2

  vpc_id            = aws_vpc.checkout.id
  cidr_block        = cidrsubnet(aws_vpc.checkout.cidr_block, 8, count.index)
  availability_zone = data.aws_availability_zones.here.names[count.index]
  tags              = { Name = "${var.name}-${count.index}" }
}

resource "aws_internet_gateway" "checkout" {
  vpc_id = aws_vpc.checkout.id
}

resource "aws_route_table" "public" {
  vpc_id = aws_vpc.checkout.id

  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.checkout.id
  }
}

resource "aws_route_table_association" "public" {
  count = 2

  subnet_id      = aws_subnet.public[count.index].id
  route_table_id = aws_route_table.public.id
}

# Users reach the load balancer, and only the load balancer reaches the tasks.
resource "aws_security_group" "balancer" {
  name   = "${var.name}-balancer"
  vpc_id = aws_vpc.checkout.id
}

resource "aws_vpc_security_group_ingress_rule" "users" {
  security_group_id = aws_security_group.balancer.id
  cidr_ipv4         = var.users
  ip_protocol       = "tcp"
  from_port         = 80
  to_port           = 80
}

resource "aws_vpc_security_group_egress_rule" "to_tasks" {
  security_group_id            = aws_security_group.balancer.id
  referenced_security_group_id = aws_security_group.tasks.id
  ip_protocol                  = "tcp"
  from_port                    = var.port
  to_port                      = var.port
}

resource "aws_security_group" "tasks" {
  name   = "${var.name}-tasks"
  vpc_id = aws_vpc.checkout.id
}

resource "aws_vpc_security_group_ingress_rule" "from_balancer" {
  security_group_id            = aws_security_group.tasks.id
  referenced_security_group_id = aws_security_group.balancer.id
  ip_protocol                  = "tcp"
  from_port                    = var.port
  to_port                      = var.port
}

resource "aws_vpc_security_group_egress_rule" "anywhere" {
  security_group_id = aws_security_group.tasks.id
  cidr_ipv4         = "0.0.0.0/0" # Images and logs.
  ip_protocol       = "-1"
}
