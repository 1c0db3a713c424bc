data "sluice_environment" "production" {
  name = "production"
}
