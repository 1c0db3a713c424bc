# The notifications of the shop, with what would import them.
list "sluice_notification" "shop" {
  provider         = sluice
  include_resource = true
  limit            = 1000

  config {
    name_prefix = "shop-"
  }
}
