# What else must be so, how much it matters, and what follows.
resource "sluice_drift_check" "cart" {
  release = "cart/production"
  mode    = "remediate"
  blocks  = "environment"

  fields = {
    "baseline.replicas" = { equals = 3 }
  }

  documents = {
    settings = {
      url   = "https://config.example/cart.json"
      token = { env = "CONFIG_TOKEN" }
      paths = {
        "limits.max"     = { equals = 100 }
        "servers.0.port" = { equals = 8080 }
        "signing.key"    = { sha256 = sha256("what the vault says") }
      }
    }
    flags = {
      file   = "${path.module}/flags.txt"
      sha256 = sha256("beta=off")
    }
  }

  severity = {
    "settings.signing" = "high"
    "flags"            = "low"
  }

  ignore = [{
    path    = "baseline.health"
    reason  = "the health check is being rewritten"
    expires = "2030-12-31T00:00:00Z"
  }]

  # How long a repair may take.
  timeouts = { create = "1h", update = "1h" }
}

# What an author takes for good, as a diff that a reviewer sees.
resource "sluice_drift_check" "search" {
  release = "search/production"
  mode    = "accept"

  accepted = [{
    path   = "baseline.weight"
    value  = "70 %"
    reason = "half of the readers stay on the old index until the migration ends"
  }]
}
