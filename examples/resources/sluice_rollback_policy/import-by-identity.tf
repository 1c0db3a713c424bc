import {
  to = sluice_rollback_policy.cautious
  identity = {
    name = "cautious"
  }
}
