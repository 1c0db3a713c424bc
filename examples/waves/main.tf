# One service in many cells: first one, then a few, then all others, each judged
# by its own requests, and all of them back when more than one fails.

terraform {
  required_providers {
    sluice = {
      source = "sluice/sluice"
    }
  }
}

provider "sluice" {}

resource "sluice_environment" "production" {
  name    = "production"
  tier    = "production"
  regions = distinct([for cell in var.cells : cell.region])
}

resource "sluice_deployment_strategy" "in_a_cell" {
  name   = "in-a-cell"
  canary = { steps = provider::sluice::canary_steps([20, 100], var.step) }
  bake   = var.step
  analysis = {
    interval = var.look
    metrics  = { errors = { critical = true, ceiling = "5%" } }
  }
}

resource "sluice_release" "checkout" {
  service     = "checkout"
  environment = sluice_environment.production.definition
  artifact    = var.artifact
  strategy    = sluice_deployment_strategy.in_a_cell.definition

  targets = [for name, cell in var.cells : {
    name   = name
    region = cell.region # A freeze of one region holds its cells alone.
    target = { contract = { url = cell.url } }
    signals = {
      http = { openmetrics = { url = cell.metrics, preset = "lab" } }
    }
  }]

  waves = {
    order          = "shuffled" # So that it is not always the same cell that tries what is new.
    sizes          = [1, 5]     # One, then five at a time until none is left.
    max_parallel   = 5
    failure_budget = 1 # One cell may fail and goes back alone; with a second one everything does.
    soak           = var.soak
  }
}

variable "cells" {
  description = "The cells, by name. A lab for the first is started by: sluice lab --artifacts DIR --rate 100; for the others add --listen 127.0.0.1:7080 --traffic-listen 127.0.0.1:7081, and 7090 and 7091"
  type        = map(object({ region = string, url = string, metrics = string }))
  default = {
    eu-1 = { region = "eu-central-1", url = "http://127.0.0.1:7070", metrics = "http://127.0.0.1:7070/metrics" }
    us-1 = { region = "us-east-1", url = "http://127.0.0.1:7080", metrics = "http://127.0.0.1:7080/metrics" }
    us-2 = { region = "us-east-1", url = "http://127.0.0.1:7090", metrics = "http://127.0.0.1:7090/metrics" }
  }
}

variable "artifact" {
  description = "What shall serve in all of them. In the lab the digest is that of the artifact's file."
  type        = object({ version = string, reference = string })
  default = {
    version   = "1.1.0"
    reference = "registry.example/checkout@sha256:9f2c4d7b1a60f3c58e2d9b04a7c61e8f35d0b9a2c4e6f8017293a4b5c6d7e8f9"
  }
}

variable "step" {
  description = "How long each step lasts at least."
  type        = string
  default     = "2m"
}

variable "look" {
  description = "How often the judge looks."
  type        = string
  default     = "5s"
}

variable "soak" {
  description = "How long the cells that have it are watched between two waves."
  type        = string
  default     = "10m"
}

output "serving" {
  description = "What serves, cell by cell; null where nothing does yet, as in a first release with wait = \"started\"."
  value       = { for name, cell in coalesce(sluice_release.checkout.targets_serving, {}) : name => try(cell.version, null) }
}
