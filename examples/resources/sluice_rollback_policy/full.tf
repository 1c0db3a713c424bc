# Everything that a policy can say.
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
      # Without it, that of the service's objectives.
      ceiling = "0.1%"
      # For short rollouts shorter ranges than the workbook's: a fifth of all requests
      # failing fires after 26 seconds.
      windows = [
        { long = "6m", short = "1m", factor = 14.4 },
        { long = "1h", short = "5m", factor = 6 },
      ]
      min_requests = 200
    }
    error_ceiling = { share = "5%", over = "5m", min_requests = 100 }
    # The release names the signal; it counts an alarm as a bad event.
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
