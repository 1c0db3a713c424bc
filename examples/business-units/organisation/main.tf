# The organisation: what holds for everybody. Whoever applies this writes to the ledger
# of acme; all others only read it.

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
  ledger = var.ledgers["acme"]
  scope  = "acme"
}

resource "sluice_environment" "production" {
  name = "production"
  tier = "production"
}

resource "sluice_deployment_strategy" "careful" {
  name   = "careful"
  canary = { steps = provider::sluice::canary_steps([5, 25, 100], "1s") }
}

# Nothing goes to production anywhere in these days, whatever a unit or a team declares.
resource "sluice_change_window" "peak" {
  name      = "peak"
  kind      = "freeze"
  time_zone = "Europe/Berlin"
  reason    = "peak trade"
  owner     = "change board"
  absolute  = var.peak
  scope     = { tiers = ["production"] }
}

variable "peak" {
  description = "The days of the freeze"
  type        = list(object({ starts_at = string, ends_at = string }))
  default     = [{ starts_at = "2033-11-24", ends_at = "2033-11-30" }]
}

resource "sluice_external_dependency" "psp" {
  name        = "psp"
  contact     = "psp-desk@acme.example"
  maintenance = { time_zone = "UTC", weekly = [{ days = ["sun"], from = "02:00", to = "04:00" }] }
}

# All that is released anywhere, for whoever may read every ledger. Those that are not
# there yet are left out, so this may be applied before the units and teams are.
data "sluice_releases" "everywhere" {
  ledgers      = { for scope, url in var.ledgers : scope => url if scope != "acme" }
  skip_missing = true
}

output "not_there_yet" {
  value = data.sluice_releases.everywhere.missing
}

output "serving" {
  value = { for r in data.sluice_releases.everywhere.releases : "${r.scope} ${r.service}/${r.environment}" => r.version }
}
