# A team: its release takes the environment and the strategy of the organisation, and
# meets the windows of everybody above.

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
  ledger = var.ledgers["acme/retail/checkout"]
  scope  = "acme/retail/checkout"
  above = {
    acme          = var.ledgers["acme"]
    "acme/retail" = var.ledgers["acme/retail"]
  }
}

data "sluice_environment" "production" {
  name = "production"
}

data "sluice_deployment_strategy" "careful" {
  name = "careful"
}

resource "sluice_service" "checkout" {
  name                  = "checkout"
  team                  = "checkout"
  dependencies          = ["search"] # Of the unit.
  external_dependencies = ["psp"]    # Of the organisation.
}

resource "sluice_release" "checkout" {
  service            = sluice_service.checkout.name
  service_definition = sluice_service.checkout.definition
  environment        = data.sluice_environment.production.definition
  strategy           = data.sluice_deployment_strategy.careful.definition
  artifact           = var.artifact
  target             = { contract = { url = var.target } }
}

variable "artifact" {
  description = "What to release"
  type        = object({ version = string, reference = string })
}

variable "target" {
  description = "Where the deployer of checkout listens"
  type        = string
  default     = "http://127.0.0.1:7070"
}

output "found_in" {
  value = { environment = data.sluice_environment.production.scope, strategy = data.sluice_deployment_strategy.careful.scope }
}
