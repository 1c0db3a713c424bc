# By whose right AWS is read: a role for auditors, who may change nothing.
locals {
  audit = {
    region  = "eu-central-1"
    profile = "acme"
    assume_role = [{
      role_arn        = "arn:aws:iam::123456789012:role/audit"
      external_id     = "acme"
      duration        = "15m"
      source_identity = false
    }]
    # Instead of AWS's own address, for a VPC endpoint or an emulator:
    # endpoint = "https://vpce-0123-abcd.ec2.eu-central-1.vpce.amazonaws.com"
  }
}

# What else must be so, how much it matters, and what follows.
resource "sluice_drift_check" "cart" {
  release = "cart/production"
  mode    = "remediate"
  blocks  = "environment"

  fields = {
    "baseline.replicas" = { equals = 3 }
  }

  documents = {
    settings = {
      url   = "https://config.example/cart.json"
      token = { env = "CONFIG_TOKEN" }
      paths = {
        "limits.max"     = { equals = 100 }
        "servers.0.port" = { equals = 8080 }
        "signing.key"    = { sha256 = sha256("what the vault says") }
      }
    }
    flags = {
      file   = "${path.module}/flags.txt"
      sha256 = sha256("beta=off")
    }
  }

  # The rules of a security group, and no others.
  security_groups = {
    web = {
      aws      = local.audit
      group_id = "sg-0a1b2c3d4e5f60718"
      ingress = [
        { ip_protocol = "tcp", from_port = 443, to_port = 443, cidr_ipv4 = "0.0.0.0/0" },
        { ip_protocol = "tcp", from_port = 443, to_port = 443, cidr_ipv6 = "::/0" },
        { ip_protocol = "tcp", from_port = 8080, to_port = 8081, referenced_security_group_id = "sg-00000000000000001", description = "from the load balancer", security_group_rule_id = "sgr-0a1b2c3d4e5f60718" },
        { ip_protocol = "tcp", from_port = 9100, to_port = 9100, prefix_list_id = "pl-6da54004" },
        { ip_protocol = "all", self = true },
      ]
      egress = [{ ip_protocol = "all", cidr_ipv4 = "0.0.0.0/0" }]
    }
  }

  # Properties of any other resource that Cloud Control can read.
  resources = {
    orders = {
      aws        = local.audit
      type       = "AWS::SQS::Queue"
      identifier = "https://sqs.eu-central-1.amazonaws.com/123456789012/orders"
      paths = {
        VisibilityTimeout = { equals = 30 }
        KmsMasterKeyId    = { equals = "null" }
        Tags              = { equals = jsonencode([{ Key = "team", Value = "payments" }]), unordered = true }
      }
    }
    releases = {
      aws = {
        region = "cn-north-1"
        assume_role_with_web_identity = {
          role_arn = "arn:aws-cn:iam::123456789012:role/ci"
          token    = { file = "/run/secrets/oidc" }
        }
        use_fips_endpoint      = false
        use_dualstack_endpoint = true
      }
      type       = "AWS::Logs::LogGroup"
      identifier = "/acme/releases"
      paths      = { RetentionInDays = { equals = 365 } }
    }
  }

  # The digests that run, held against what the ledger says, or an artifact of their own.
  images = {
    app = {
      aws = local.audit
      ecs = { cluster = "production", service = "cart", container = "app" }
      tag = "v{version}"
    }
    proxy = {
      aws = local.audit
      ecs = { cluster = "production", service = "cart", container = "proxy" }
      artifact = {
        version   = "2.0.0"
        reference = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/proxy@sha256:9f2c4a7d1e0b3c5f8a6d9e2b4c7f0a1d3e5b8c9f2a4d6e7b0c1f3a5d8e9b2c4f"
      }
    }
    receipts = {
      aws    = local.audit
      lambda = { function = "receipts", alias = "live" }
    }
  }

  severity = {
    "web.ingress.tcp"  = "high"
    "app.digest"       = "high"
    "settings.signing" = "high"
    "flags"            = "low"
  }

  ignore = [{
    path    = "baseline.health"
    reason  = "the health check is being rewritten"
    expires = "2030-12-31T00:00:00Z"
  }]

  # How long a repair may take.
  timeouts = { create = "1h", update = "1h" }
}

# What an author takes for good, as a diff that a reviewer sees.
resource "sluice_drift_check" "search" {
  release = "search/production"
  mode    = "accept"

  accepted = [{
    path   = "baseline.weight"
    value  = "70 %"
    reason = "half of the readers stay on the old index until the migration ends"
  }]
}
