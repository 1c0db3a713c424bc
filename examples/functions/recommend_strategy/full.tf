locals {
  recommended = provider::sluice::recommend_strategy({
    requests_per_minute  = 6000
    stateful             = false
    side_by_side         = true
    traffic_splitting    = true
    schema_change        = "compatible"
    spare_capacity       = "100%"
    go_back_within       = "1m"
    double_capacity_cost = 12.5
    error_rate           = "0.1%"
    ceiling              = "1%"
    dispersion           = 2
    harm                 = 5
  })
}

# Whichever kind is recommended, the other four are null.
resource "sluice_deployment_strategy" "checkout" {
  name        = "checkout"
  canary      = local.recommended.canary
  linear      = local.recommended.linear
  blue_green  = local.recommended.blue_green
  rolling     = local.recommended.rolling
  all_at_once = local.recommended.all_at_once
  bake        = local.recommended.bake
  analysis    = { metrics = { errors = { critical = true, ceiling = "1%" } } }
}

output "why" {
  value = concat(local.recommended.reasons, [for s in local.recommended.steps : "${s.weight} %: ${s.reason}"])
}
