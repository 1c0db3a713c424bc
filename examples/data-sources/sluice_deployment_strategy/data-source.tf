# The platform's team declares the strategy; each service's release takes it.
data "sluice_deployment_strategy" "careful" {
  name = "careful"
}

output "strategy" {
  value = data.sluice_deployment_strategy.careful.definition
}
