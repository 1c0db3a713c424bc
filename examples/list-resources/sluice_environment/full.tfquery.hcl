# The environments of one tier by their names, with what would import them.
list "sluice_environment" "regions" {
  provider         = sluice
  include_resource = true
  limit            = 1000

  config {
    name_prefix = "production-"
  }
}
