# Small steps, judged by the errors and the latency of live traffic.
resource "sluice_deployment_strategy" "careful" {
  name = "careful"
  canary = {
    steps = [
      { weight = 5, at_least = "1m" },
      { weight = 25, at_least = "2m", at_most = "20m" },
      { weight = 50, at_least = "2m" },
      { weight = 100 },
    ]
  }
  bake = "10m"
  analysis = {
    interval = "10s"
    metrics = {
      errors = { critical = true, ceiling = "1%" }
      slow   = { slower_than = { baseline_quantile = 0.99 } }
    }
  }
  on_inconclusive       = "pause"
  prepare_timeout       = "5m"
  revert_after          = "2m"
  max_unattended_weight = 10
}

# Steps of every kind in one release.
resource "sluice_deployment_strategy" "people_first" {
  name = "people-first"
  canary = {
    steps = [
      # The company's own people, beside the weights that follow.
      { cohort = { header = "X-Canary", value = "internal" }, at_least = "10m" },
      { check = {
        name     = "journey"
        url      = "https://checkout.example/cart"
        headers  = { X-Canary = "internal" }
        attempts = 5
        every    = "10s"
        expect = {
          status = [200]
          json   = { "cart.state" = { equals = "open" } }
          within = "800ms"
        }
      } },
      # Copies of some requests, whose answers nobody sees.
      { mirror = 10, at_least = "5m" },
      { weight = 5, at_least = "5m" },
      { pause = { duration = "30m" } },
      { weight = 50, at_least = "5m" },
      # Until: sluice resume checkout/production --reason "..."
      { pause = {} },
      { weight = 100 },
    ]
  }
  bake = "10m"
}

# By equal increments.
resource "sluice_deployment_strategy" "steady" {
  name   = "steady"
  linear = { step_weight = 20, at_least = "1m" }
}

# Blue/green: checked while nobody is sent there, looked at by people, then all at once,
# with the old artifact warm for half an hour.
resource "sluice_deployment_strategy" "switch" {
  name = "switch"
  blue_green = {
    checks    = [{ name = "healthy", url = "https://green.checkout.example/healthz" }]
    preview   = { duration = "10m" }
    keep_warm = "30m"
  }
}

# Rolling: two of eight instances at a time.
resource "sluice_deployment_strategy" "batches" {
  name    = "batches"
  rolling = { batch_count = 2, instances = 8, min_healthy = "75%", at_least = "1m" }
}

# Everything at once.
resource "sluice_deployment_strategy" "at_once" {
  name        = "at-once"
  all_at_once = {}
}
