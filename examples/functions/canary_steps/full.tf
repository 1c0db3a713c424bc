resource "sluice_deployment_strategy" "careful" {
  name   = "careful"
  canary = { steps = provider::sluice::canary_steps([5, 25, 50, 100], "2m") }
}
