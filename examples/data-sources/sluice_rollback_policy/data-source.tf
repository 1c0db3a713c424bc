data "sluice_rollback_policy" "guarded" {
  name = "guarded"
}
