# Whoever is on call says why:
# terraform apply -invoke='action.sluice_rollback.shop["checkout/production"]' -var='reason=checkout is slow'
variable "reason" {
  description = "Why somebody goes back, for the record."
  type        = string
}

action "sluice_rollback" "shop" {
  for_each = toset(["basket/production", "checkout/production"])

  config {
    release = each.value
    reason  = var.reason
  }
}
