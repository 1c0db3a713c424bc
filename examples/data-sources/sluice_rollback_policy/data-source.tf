data "sluice_rollback_policy" "cautious" {
  name = "cautious"
}
