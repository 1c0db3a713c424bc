# Goes back by itself while the traffic moves, at most once a day. Harm during the
# bake pauses, and waits for a person.
resource "sluice_rollback_policy" "cautious" {
  name        = "cautious"
  automatic   = true
  during_bake = false
  max_per_day = 1
}
