# Windows can ask for its tier and its labels.
resource "sluice_environment" "production" {
  name    = "production"
  tier    = "production"
  regions = ["eu-central-1", "us-east-1"]
  order   = 3
  labels  = { team = "payments" }
}
