# [{ weight = 10, at_least = "1m" }, { weight = 100 }]
output "steps" {
  value = provider::sluice::canary_steps([10, 100], "1m")
}
