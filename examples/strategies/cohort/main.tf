# The company's own people first, then a copy of some requests, then shares of the
# users, with a pause, a check and a person's word on the way.
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

resource "sluice_deployment_strategy" "careful" {
  name = "careful"
  canary = {
    steps = [
      # Requests of the company's own people carry this header.
      { cohort = { header = "X-Canary", value = "internal" }, at_least = "1s" },
      # The same people's way in is checked by a machine, too.
      { check = {
        name    = "journey"
        url     = "${var.service}/"
        headers = { X-Canary = "internal" }
        expect  = { status = [200], within = "2s" }
      } },
      # Copies of some requests; nobody sees the answers.
      { mirror = 10, at_least = "1s" },
      { weight = 10, at_least = "1s" },
      # Observed time, in which harm still goes back.
      { pause = { duration = "1s" } },
      { weight = 50, at_least = "1s" },
      # Until: sluice resume checkout/production --reason "..."
      { pause = {} },
      { weight = 100 },
    ]
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
  strategy    = sluice_deployment_strategy.careful.definition
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
  description = "Where the deployment contract is spoken, for example by: sluice lab --artifacts DIR --rate 200 --mark-header X-Canary=internal"
  type        = string
  default     = "http://127.0.0.1:7070"
}

variable "service" {
  description = "Where the users' requests arrive."
  type        = string
  default     = "http://127.0.0.1:7071"
}
