data "sluice_rollback_policy" "cautious" {
  name = "cautious"
}

output "policy" {
  value = data.sluice_rollback_policy.cautious.definition
}
