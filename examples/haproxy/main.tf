# The record of every release is the ledger: .sluice/ledger.db beside this file,
# or what SLUICE_LEDGER names.
provider "sluice" {}

locals {
  # What target and signal both must know of HAProxy.
  haproxy = {
    socket   = "unix://${local.run}/admin.sock"
    backends = ["shop_checkout", "partners_checkout"]
    arms     = { blue = ["blue-*"], green = ["green-*"] }
    memory   = "sluice_checkout/baseline"
  }
  run = abspath("${path.module}/run")
}

resource "sluice_environment" "production" {
  name = "production"
  tier = "production"
}

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

  # HAProxy has no dead-man switch: if whoever drives the rollout dies, the weights
  # stay as they are. So the greatest weight that may be left like that is stated.
  max_unattended_weight = 50

  analysis = {
    interval = var.interval
    metrics  = { errors = { critical = true, ceiling = "5%", dispersion = 1 } }
  }
}

resource "sluice_release" "checkout" {
  service     = "checkout"
  environment = sluice_environment.production.definition
  strategy    = sluice_deployment_strategy.careful.definition

  artifact = {
    version   = var.checkout_version
    reference = "lab/checkout@sha256:${filesha256("${path.module}/artifacts/${var.checkout_version}.json")}"
  }

  target = {
    haproxy = merge(local.haproxy, {
      # Each server is asked what it runs.
      identity = {
        url     = "http://{address}:{port}/"
        digest  = { json = "digest" }
        version = { json = "version" }
      }
      # And this is what brings a version onto them.
      install    = { command = [abspath("${path.module}/install.sh")] }
      state_file = "${local.run}/state"
      drain      = "5s"

      # Steps may send a cohort to the new version: see haproxy.cfg.
      cohort_map      = "run/cohorts.map"          # The name in haproxy.cfg,
      cohort_map_file = "${local.run}/cohorts.map" # and where it is.
    })
  }

  # HAProxy itself counts requests and errors of each server.
  signals = { haproxy = { haproxy = local.haproxy } }
}
