data "sluice_deployment_strategy" "careful" {
  name = "careful"
}
