ephemeral "sluice_aws_credentials" "checkout" {
  service     = "checkout"
  environment = "production"

  # The artifact that the release brings next: the gates are asked about it, and with it.
  reference            = "s3://acme-builds/checkout/1.4.0.zip@sha256:0f343b0931126a20f133d67c2b018a3b0f343b0931126a20f133d67c2b018a3b"
  configuration_digest = "sha256:6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b"

  # What the session may call is cut to this target.
  target = {
    lambda = { function = "checkout", packages = "acme-builds/checkout/*" }
  }

  # CloudWatch is read, too.
  metrics = true

  # CI's token is exchanged for the first role, which assumes a hop, which assumes role_arn.
  # A profile, or what the environment gives (Terraform Cloud's dynamic credentials among
  # it), stands in the place of the token.
  region = "eu-central-1"
  # profile = "releases"
  assume_role_with_web_identity = {
    role_arn = "arn:aws:iam::111111111111:role/ci"
    token    = { env = "OIDC_TOKEN" }
  }
  assume_role = [{
    role_arn    = "arn:aws:iam::222222222222:role/hop"
    external_id = "acme-releases"
  }]
  role_arn    = "arn:aws:iam::123456789012:role/releases"
  external_id = "acme-releases"
  duration    = "30m"

  # Both are the default; the role's trust policy must allow sts:SetSourceIdentity and
  # sts:TagSession.
  source_identity = true
  session_tags    = true

  use_fips_endpoint      = false
  use_dualstack_endpoint = true
}

# They stand in no state and no plan file, so that only a provider block, a write-only
# argument or another ephemeral resource takes them.
provider "aws" {
  alias      = "checkout"
  region     = "eu-central-1"
  access_key = ephemeral.sluice_aws_credentials.checkout.access_key_id
  secret_key = ephemeral.sluice_aws_credentials.checkout.secret_access_key
  token      = ephemeral.sluice_aws_credentials.checkout.session_token
}

# Two target groups behind a load balancer, with a pair of ECS services: their weights,
# capacity and scale-in, and no other's. One name stands for all rules of the load
# balancer, since AWS has little room for a session's policy.
ephemeral "sluice_aws_credentials" "shop" {
  service     = "shop"
  environment = "production"
  region      = "eu-central-1"
  role_arn    = "arn:aws:iam::123456789012:role/releases"
  reference   = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/shop@sha256:0f343b0931126a20f133d67c2b018a3b0f343b0931126a20f133d67c2b018a3b"

  target = {
    alb = {
      target_groups = [
        "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/shop-blue/73e2d6bc24d8a067",
        "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/shop-green/9f0c4e1d7b6a5823",
      ]
      routes = ["arn:aws:elasticloadbalancing:eu-central-1:123456789012:listener-rule/app/web/50dc6c495c0c9188/*"]
      ecs = {
        cluster  = "production"
        services = ["shop-blue", "shop-green"]
        family   = "shop"
        roles    = ["arn:aws:iam::123456789012:role/shop-task", "arn:aws:iam::123456789012:role/shop-execution"]
      }
    }
  }
}
