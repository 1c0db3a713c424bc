import {
  to = sluice_rollback_policy.cautious
  id = "cautious"
}
