# The record of every release is the ledger: .sluice/ledger.db beside this file,
# or what SLUICE_LEDGER names.
provider "sluice" {}

locals {
  # The lab's artifacts are small files, so a digest is that of the file. With
  # containers it is the one that your registry prints after a push.
  artifact = {
    version   = var.checkout_version
    reference = "lab/checkout@sha256:${filesha256("${path.module}/artifacts/${var.checkout_version}.json")}"
  }
}

resource "sluice_environment" "production" {
  name = "production"
  tier = "production"
}

# How traffic moves from the old version to the new, and what the judge looks at.
resource "sluice_deployment_strategy" "careful" {
  name = "careful"

  canary = {
    steps = [
      { weight = 5, at_least = var.at_least },
      { weight = 25, at_least = var.at_least },
      { weight = 50, at_least = var.at_least },
      { weight = 100 },
    ]
  }
  bake = var.bake

  analysis = {
    interval = var.interval
    metrics = {
      # A step passes once fewer than 5 % errors, or no more than before, are proved.
      # The lab's errors come independently, which is what dispersion = 1 says; leave
      # it out for a real service, and it is measured.
      errors = { critical = true, ceiling = "5%", dispersion = 1 }
      # From half a second on a request is slow. That alone proves nothing safe, but
      # many more of them than before are harm. Slow requests come in bursts.
      slow = { ceiling = "5%", dispersion = 5, slower_than = { fixed = "500ms" } }
    }
  }
}

resource "sluice_change_window" "freeze" {
  count = var.freeze == null ? 0 : 1

  name      = "black-friday"
  kind      = "freeze"
  time_zone = "Europe/Berlin"
  reason    = var.freeze.reason
  owner     = "retail-ops"
  absolute  = [{ starts_at = var.freeze.starts_at, ends_at = var.freeze.ends_at }]
}

# The standing wish: checkout in production runs this artifact.
resource "sluice_release" "checkout" {
  service     = "checkout"
  environment = sluice_environment.production.definition
  artifact    = local.artifact
  target      = { contract = { url = var.lab_url } }
  strategy    = sluice_deployment_strategy.careful.definition
  signals     = { http = { openmetrics = { url = "${var.lab_url}/metrics", preset = "lab" } } }
}

# Has somebody changed by hand what serves? With "report", the default, a plan
# only says so; "remediate" lets apply bring back what the ledger says.
resource "sluice_drift_check" "checkout" {
  release = sluice_release.checkout.id
  mode    = "remediate"
}
