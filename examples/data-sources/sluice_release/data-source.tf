data "sluice_release" "checkout" {
  service     = "checkout"
  environment = "production"
}

output "serving" {
  value = data.sluice_release.checkout.serving
}

# The runbook of this very release: how to roll it back, and whom to ask. Read it
# with "terraform output -raw runbook", or write it to a file or a wiki.
output "runbook" {
  value = data.sluice_release.checkout.procedure
}
