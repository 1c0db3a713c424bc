# The new version comes up beside the old one, is checked while no user is sent
# there, and takes all traffic in one step. The old one stays warm for a while.
# The times are those of a try on one machine; production has minutes.

terraform {
  required_providers {
    sluice = {
      source = "sluice/sluice"
    }
  }
}

provider "sluice" {}

resource "sluice_environment" "production" {
  name = "production"
  tier = "production"
}

resource "sluice_deployment_strategy" "switch" {
  name = "switch"
  blue_green = {
    # Who sends this header reaches the new version before the switch.
    cohort = { header = "X-Preview", value = "green" }
    checks = [
      {
        name    = "answers"
        url     = "${var.service}/"
        headers = { X-Preview = "green" }
        expect = {
          status  = [200]
          headers = { X-Lab-Arm = { equals = "canary" } }
          within  = "2s"
        }
      },
    ]
    preview   = { duration = "1s" }
    keep_warm = "3s"
  }
  bake = "2s"
  analysis = {
    interval = "500ms"
    metrics  = { errors = { critical = true, ceiling = "5%", dispersion = 1 } }
  }
}

resource "sluice_release" "checkout" {
  service     = "checkout"
  environment = sluice_environment.production.definition
  artifact    = var.artifact
  target      = { contract = { url = var.contract } }
  strategy    = sluice_deployment_strategy.switch.definition
  signals     = { http = { openmetrics = { url = "${var.contract}/metrics", preset = "lab" } } }
}

variable "artifact" {
  description = "What is released. In the lab the digest is that of the artifact's file."
  type        = object({ version = string, reference = string })
  default = {
    version   = "1.1.0"
    reference = "registry.example/checkout@sha256:9f2c4d7b1a60f3c58e2d9b04a7c61e8f35d0b9a2c4e6f8017293a4b5c6d7e8f9"
  }
}

variable "contract" {
  description = "Where the deployment contract is spoken, for example by: sluice lab --artifacts DIR --rate 200"
  type        = string
  default     = "http://127.0.0.1:7070"
}

variable "service" {
  description = "Where the users' requests arrive."
  type        = string
  default     = "http://127.0.0.1:7071"
}
