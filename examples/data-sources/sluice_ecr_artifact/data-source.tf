data "sluice_ecr_artifact" "checkout" {
  region     = "eu-central-1"
  repository = "acme/checkout"
  tag        = "1.4.2"
}
