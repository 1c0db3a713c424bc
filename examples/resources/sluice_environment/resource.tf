resource "sluice_environment" "production" {
  name = "production"
}
