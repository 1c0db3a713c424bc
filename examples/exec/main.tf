# A service behind a program of your own: deploy.py answers the deployment
# contract on its standard input and output.

terraform {
  required_providers {
    sluice = {
      source = "sluice/sluice"
    }
  }
}

provider "sluice" {}

resource "sluice_environment" "staging" {
  name = "staging"
  tier = "staging"
}

resource "sluice_deployment_strategy" "in_steps" {
  name   = "in-steps"
  canary = { steps = provider::sluice::canary_steps([10, 50, 100], "1s") }
  bake   = "1s"
  # The program has no dead-man switch, so this says how much may stay on the
  # new version when whoever drives the rollout dies.
  max_unattended_weight = 50
}

resource "sluice_release" "checkout" {
  service     = "checkout"
  environment = sluice_environment.staging.definition
  artifact    = var.artifact
  strategy    = sluice_deployment_strategy.in_steps.definition
  target = {
    exec = {
      command = [abspath("${path.module}/deploy.py")]
      # All that the program gets to see of the environment.
      environment = { PATH = var.path, STATE = var.state }
      timeout     = "10s"
    }
  }
}

variable "state" {
  description = "The file in which deploy.py keeps what serves, an absolute path."
  type        = string
}

variable "path" {
  description = "Where the program finds others, such as python3."
  type        = string
  default     = "/usr/local/bin:/usr/bin:/bin"
}

variable "artifact" {
  description = "What shall serve."
  type        = object({ version = string, reference = string })
  default = {
    version   = "1.1.0"
    reference = "registry.example/checkout@sha256:9f2c4d7b1a60f3c58e2d9b04a7c61e8f35d0b9a2c4e6f8017293a4b5c6d7e8f9"
  }
}

output "serving" {
  value = sluice_release.checkout.serving
}
