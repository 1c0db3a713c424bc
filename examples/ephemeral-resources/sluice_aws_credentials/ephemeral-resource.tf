ephemeral "sluice_aws_credentials" "checkout" {
  service     = "checkout"
  environment = "production"
  region      = "eu-central-1"
  role_arn    = "arn:aws:iam::123456789012:role/releases"
  target      = { lambda = { function = "checkout" } }
}
