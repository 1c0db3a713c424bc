# The services of the shop, with what would import them.
list "sluice_service" "shop" {
  provider         = sluice
  include_resource = true
  limit            = 1000

  config {
    name_prefix = "shop-"
  }
}
