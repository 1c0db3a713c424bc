data "sluice_release" "checkout" {
  service     = "checkout"
  environment = "production"
}

# A check that says in every plan whether somebody stands in the way.
check "checkout_may_go_forward" {
  assert {
    condition     = data.sluice_release.checkout.can_start
    error_message = join("; ", [for g in data.sluice_release.checkout.gates : "${g.gate}: ${g.reason}" if g.status != "pass"])
  }
}

output "serving" {
  value = data.sluice_release.checkout.serving
}

# The runbook of this very release: how to roll it back, and whom to ask. Read it
# with "terraform output -raw runbook", or write it to a file or a wiki.
output "runbook" {
  value = data.sluice_release.checkout.procedure
}
