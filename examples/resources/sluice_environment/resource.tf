# The smallest one.
resource "sluice_environment" "staging" {
  name = "staging"
}

# The full one: windows can ask for its tier and its labels.
resource "sluice_environment" "production" {
  name    = "production"
  tier    = "production"
  regions = ["eu-central-1", "us-east-1"]
  order   = 3
  labels  = { team = "payments" }
}
