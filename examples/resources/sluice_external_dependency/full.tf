# Whom to ask, when it is away, and how to find out whether it is well.
resource "sluice_external_dependency" "psp" {
  name        = "psp"
  description = "takes the card payments"
  team        = "payments"
  contact     = "psp-desk@example.com"
  labels      = { contract = "C-1042" }

  maintenance = {
    time_zone = "Europe/Berlin"
    reason    = "database upgrades"
    # Every second Sunday of the month, at night, and one long evening.
    recurrence = [{ start = "2026-01-11T02:00", duration = "2h", rrule = "FREQ=MONTHLY;BYDAY=2SU" }]
    absolute   = [{ starts_at = "2026-12-09T20:00", ends_at = "2026-12-09T23:30" }]
  }

  checks = [
    {
      # Their status page: keeps a release from beginning, and pauses one.
      name   = "status"
      url    = "https://status.psp.example/api/v2/status.json"
      when   = ["before", "during"]
      expect = { json = { "status.indicator" = { matches = "none|minor" } }, within = "2s" }
    },
    {
      # A payment of nothing: asked once a release has succeeded, too.
      name   = "probe"
      url    = "https://api.psp.example/v1/probe"
      method = "POST"
      body   = jsonencode({ amount = 0 })
      token  = { env = "PSP_PROBE_TOKEN" }
      expect = { status = [200, 202] }
    },
  ]
  override_by = ["*@sre.example"]
}

# Whoever releases payments waits for it, and so does storefront, which needs
# payments.
resource "sluice_service" "payments" {
  name                  = "payments"
  external_dependencies = [sluice_external_dependency.psp.name]
}

resource "sluice_service" "storefront" {
  name         = "storefront"
  dependencies = [sluice_service.payments.name]
}

# A window of the author's own, for whatever needs the third party.
resource "sluice_change_window" "migration" {
  name      = "psp-migration"
  kind      = "freeze"
  time_zone = "Europe/Berlin"
  reason    = "we move to the new API"
  absolute  = [{ starts_at = "2027-02-01", ends_at = "2027-02-05" }]
  scope     = { depends_on = [sluice_external_dependency.psp.name] }
}
