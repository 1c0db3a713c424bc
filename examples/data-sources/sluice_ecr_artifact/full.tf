data "sluice_ecr_artifact" "checkout" {
  region      = "eu-central-1"
  registry_id = "123456789012"
  repository  = "acme/checkout"
  tag         = "1.4.2"
  version     = "1.4.2"

  # What the release was given for this version stays, whatever the tag names later. Or
  # pin it by hand, beside the tag:
  # digest = "sha256:9f2c4d7b1a60f3c58e2d9b04a7c61e8f35d0b9a2c4e6f8017293a4b5c6d7e8f9"
  release = "checkout/production"

  scan = {
    at_most = { critical = 0, high = 5 }
    max_age = "72h"
  }

  # A key of one's own, without a log. Who signs in GitHub's workflows has an identity:
  # identity = { issuer = "https://token.actions.githubusercontent.com", subject_pattern = "https://github.com/acme/checkout/.*" }
  signature = {
    public_key               = file("${path.module}/release.pub")
    transparency_log_entries = 0
    timestamps               = 0
  }
  require_signature = false

  # How AWS is reached, as for targets:
  # profile                      = "releases"
  # assume_role                  = [{ role_arn = "arn:aws:iam::123456789012:role/releases" }]
  # assume_role_with_web_identity = { role_arn = "arn:aws:iam::123456789012:role/ci", token = { env = "OIDC_TOKEN" } }
  # use_fips_endpoint            = true
  # use_dualstack_endpoint       = true
  # endpoint                     = "https://vpce-0123-abcd.api.ecr.eu-central-1.vpce.amazonaws.com"
}

# What a release takes:
#   artifact = data.sluice_ecr_artifact.checkout.artifact
#   evidence = data.sluice_ecr_artifact.checkout.evidence

output "artifact" {
  value = data.sluice_ecr_artifact.checkout.artifact
}

check "the_tag_stays" {
  assert {
    condition     = !data.sluice_ecr_artifact.checkout.moved
    error_message = "Somebody moved the tag 1.4.2; it names ${coalesce(data.sluice_ecr_artifact.checkout.tag_digest, "nothing")} now."
  }
}
