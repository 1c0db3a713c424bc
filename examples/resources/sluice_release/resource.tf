resource "sluice_environment" "production" {
  name = "production"
}

resource "sluice_deployment_strategy" "at_once" {
  name        = "at-once"
  all_at_once = {}
}

resource "sluice_release" "checkout" {
  service     = "checkout"
  environment = sluice_environment.production.definition
  artifact = {
    version   = "1.1.0"
    reference = "registry.example/checkout@sha256:9f2c4d7b1a60f3c58e2d9b04a7c61e8f35d0b9a2c4e6f8017293a4b5c6d7e8f9"
  }
  target   = { contract = { url = "http://127.0.0.1:7070" } }
  strategy = sluice_deployment_strategy.at_once.definition
}
