# A release that is judged by what a Prometheus has scraped: the load balancer's
# errors by a preset, and the service's own latency.

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
  name   = "careful"
  canary = { steps = provider::sluice::canary_steps([5, 25, 50, 100], "2m") }
  bake   = "10m"
  analysis = {
    metrics = {
      errors = { critical = true, ceiling = "1%" }
      slow   = { slower_than = { baseline_quantile = 0.99 } }
    }
  }
}

resource "sluice_release" "checkout" {
  service     = "checkout"
  environment = sluice_environment.production.definition
  artifact = {
    version   = "1.1.0"
    reference = "registry.example/checkout@sha256:9f2c4d7b1a60f3c58e2d9b04a7c61e8f35d0b9a2c4e6f8017293a4b5c6d7e8f9"
  }
  target   = { contract = { url = "https://deploy.example/checkout" } }
  strategy = sluice_deployment_strategy.careful.definition
  signals = {
    balancer = {
      prometheus = {
        url    = var.prometheus
        preset = "haproxy"
        match  = { proxy = "checkout" }
        arms   = { baseline = "old.*", canary = "new.*" }
      }
    }
    service = {
      prometheus = {
        url         = var.prometheus
        token       = { env = "METRICS_TOKEN" }
        timeout     = "5s"
        stale_after = "1m"
        match       = { namespace = "shop" }
        arms        = { label = "version", baseline = "1\\.0\\.0", canary = "1\\.1\\.0" }
        metrics     = { slow = { histogram = "http_request_duration_seconds" } }
      }
    }
  }
}

variable "prometheus" {
  description = "The base of Prometheus, without /api/v1."
  type        = string
  default     = "http://prometheus.internal:9090"
}
