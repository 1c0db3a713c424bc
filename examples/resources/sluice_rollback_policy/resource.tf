# Whatever the judge finds, a person decides.
resource "sluice_rollback_policy" "cautious" {
  name      = "cautious"
  automatic = false
}
