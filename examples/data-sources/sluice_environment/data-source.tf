# Another state declares the environment; a release here takes its definition.
data "sluice_environment" "production" {
  name = "production"
}

output "environment" {
  value = data.sluice_environment.production.definition
}
