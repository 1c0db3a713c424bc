# What the business units release, for whoever may read their ledgers.
variable "ledgers" {
  description = "The ledgers below, by scope, for example { \"acme/retail\" = \"postgres://ledger.example/sluice?sluice_schema=retail\" }"
  type        = map(string)
  default     = {}
}

data "sluice_releases" "checkout" {
  ledgers      = var.ledgers
  skip_missing = true # A unit that has not applied yet is left out, with a warning.
  service      = "checkout"
  environment  = "production"
  state        = "steady"
}

output "where_it_serves" {
  value = [for r in data.sluice_releases.checkout.releases : "${coalesce(r.scope, "here")}: ${r.version} since ${r.changed_at}"]
}

output "not_there_yet" {
  value = data.sluice_releases.checkout.missing
}
