# Everything that a policy can say. The service promises 99.9 %, which is where the
# burn rate takes its ceiling from.
resource "sluice_service" "shop" {
  name       = "shop"
  team       = "storefront"
  objectives = { error_ceiling = "0.1%" }
}

resource "sluice_rollback_policy" "guarded" {
  name        = "guarded"
  automatic   = true
  during_bake = true
  max_per_day = 2

  triggers = {
    harm         = { during = "both" }
    health       = { during = "both" }
    failed_check = { during = "steps" }
    burn_rate = {
      # For short rollouts shorter ranges than the workbook's: a fifth of all requests
      # failing fires after 26 seconds.
      windows = [
        { long = "6m", short = "1m", factor = 14.4 },
        { long = "1h", short = "5m", factor = 6 },
      ]
      min_requests = 200
    }
    error_ceiling = { share = "5%", over = "5m", min_requests = 100 }
    external = {
      pager = { signal = "alarms", metric = "firing", during = "bake" }
    }
  }

  how      = "by_steps"
  by_steps = { each = "20s", within = "2m" }

  fast_track        = { within = "168h" }
  keep_warm         = "30m"
  require_rehearsal = true
}

resource "sluice_environment" "production" {
  name = "production"
  tier = "production"
}

resource "sluice_deployment_strategy" "careful" {
  name   = "careful"
  canary = { steps = [{ weight = 5, at_least = "2m" }, { weight = 50, at_least = "5m" }, { weight = 100 }] }
  bake   = "10m"
  analysis = {
    metrics = { errors = { critical = true, signal = "http" } }
  }
}

resource "sluice_release" "shop" {
  service            = sluice_service.shop.name
  service_definition = sluice_service.shop.definition
  environment        = sluice_environment.production.definition
  artifact           = { version = "1.0.0", reference = "registry.example/shop@sha256:${sha256("shop 1.0.0")}" }
  target             = { contract = { url = "http://127.0.0.1:7070" } }
  strategy           = sluice_deployment_strategy.careful.definition
  rollback_policy    = sluice_rollback_policy.guarded.definition
  signals = {
    http = { openmetrics = { url = "http://127.0.0.1:7070/metrics", preset = "lab" } }
    alarms = {
      openmetrics = {
        url     = "http://127.0.0.1:9093/metrics"
        arms    = { label = "arm", baseline = "old", canary = "new" }
        metrics = { firing = { total = { name = "alarms_checked_total" }, bad = { name = "alarms_fired_total" } } }
      }
    }
  }
}
