# The dependencies of the payments team, with what would import them.
list "sluice_external_dependency" "payments" {
  provider         = sluice
  include_resource = true
  limit            = 1000

  config {
    name_prefix = "psp-"
  }
}
