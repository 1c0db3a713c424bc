# A business unit: it adds to what the organisation declares, and cannot loosen it.

terraform {
  required_providers {
    sluice = {
      source = "sluice/sluice"
    }
  }
}

variable "ledgers" {
  description = "The URL of each scope's ledger, by scope"
  type        = map(string)
}

provider "sluice" {
  ledger = var.ledgers["acme/retail"]
  scope  = "acme/retail"
  above  = { acme = var.ledgers["acme"] }
}

# The shops change by day only. Where the organisation has allow windows too, both must
# be open.
resource "sluice_change_window" "shop_hours" {
  name      = "shop-hours"
  kind      = "allow"
  time_zone = "Europe/Berlin"
  owner     = "retail operations"
  weekly    = var.hours
}

variable "hours" {
  description = "When changes may go forward"
  type        = list(object({ days = list(string), from = string, to = string }))
  default     = [{ days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], from = "00:00", to = "24:00" }]
}

resource "sluice_service" "search" {
  name = "search"
  team = "search"
}
