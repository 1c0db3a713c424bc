# A tenth of the traffic first, then all of it. Nothing is judged: a step passes when
# its time is over and the target calls the new artifact healthy.
resource "sluice_deployment_strategy" "careful" {
  name   = "careful"
  canary = { steps = [{ weight = 10, at_least = "5m" }, { weight = 100 }] }
}
