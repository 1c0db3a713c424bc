# The strategies of one family, with what would import them.
list "sluice_deployment_strategy" "careful" {
  provider         = sluice
  include_resource = true
  limit            = 1000

  config {
    name_prefix = "careful"
  }
}
