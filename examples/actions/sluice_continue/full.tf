# A job goes on, each quarter of an hour, with what nobody drives:
# terraform apply -invoke='action.sluice_continue.shop["checkout/production"]'
action "sluice_continue" "shop" {
  for_each = toset(["basket/production", "checkout/production"])

  config {
    release = each.value
  }
}
