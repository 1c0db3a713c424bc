list "sluice_rollback_policy" "all" {
  provider = sluice
}
