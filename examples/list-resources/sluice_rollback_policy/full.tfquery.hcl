# The policies of one family, with what would import them.
list "sluice_rollback_policy" "cautious" {
  provider         = sluice
  include_resource = true
  limit            = 1000

  config {
    name_prefix = "cautious"
  }
}
