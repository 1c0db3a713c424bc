# Small steps, judged by the errors and the latency of live traffic.
resource "sluice_deployment_strategy" "careful" {
  name = "careful"
  canary = {
    steps = [
      { weight = 5, at_least = "1m" },
      { weight = 25, at_least = "2m", at_most = "20m" },
      { weight = 50, at_least = "2m" },
      { weight = 100 },
    ]
  }
  bake = "10m"
  analysis = {
    interval = "10s"
    metrics = {
      errors = { critical = true, ceiling = "1%" }
      slow   = { slower_than = { baseline_quantile = 0.99 } }
    }
  }
  on_inconclusive       = "pause"
  prepare_timeout       = "5m"
  revert_after          = "2m"
  max_unattended_weight = 10
}

# Everything at once.
resource "sluice_deployment_strategy" "at_once" {
  name        = "at-once"
  all_at_once = {}
}

# By equal increments.
resource "sluice_deployment_strategy" "steady" {
  name   = "steady"
  linear = { step_weight = 20, at_least = "1m" }
}
