# Windows can ask for its team and its labels, and the judge takes its
# objectives where a metric of the strategy states no ceiling.
resource "sluice_service" "checkout" {
  name                  = "checkout"
  team                  = "payments"
  criticality           = "high"
  labels                = { pci = "yes" }
  dependencies          = [sluice_service.search.name]
  external_dependencies = [sluice_external_dependency.psp.name]
  objectives = {
    error_ceiling = "0.5%"
    latency       = { share = "99%", within = "300ms" }
  }
}

resource "sluice_service" "search" {
  name = "search"
}

resource "sluice_external_dependency" "psp" {
  name = "psp"
}

# It holds for every service of the team: for releases that take the definition, and
# for releases that only have the same name.
resource "sluice_change_window" "audit" {
  name      = "payments-audit"
  kind      = "freeze"
  time_zone = "Europe/Berlin"
  reason    = "the yearly audit"
  absolute  = [{ starts_at = "2027-02-01", ends_at = "2027-02-05" }]
  scope     = { teams = [sluice_service.checkout.team] }
}
