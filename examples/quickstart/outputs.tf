# Looked at after everything else, so that it is true after a repair as well.
data "sluice_release" "checkout" {
  service     = sluice_release.checkout.service
  environment = sluice_environment.production.name

  depends_on = [sluice_drift_check.checkout]
}

output "serving" {
  description = "What the target says serves: a version, and its share of the traffic in percent."
  value = {
    version = try(data.sluice_release.checkout.serving.version, null)
    weight  = try(data.sluice_release.checkout.serving.weight, null)
  }
}

output "status" {
  description = "Where the release stands: steady, or what its rollout is doing."
  value       = data.sluice_release.checkout.status
}

output "last_rollout" {
  description = "How the last rollout ended."
  value       = try([for r in data.sluice_release.checkout.history : "${r.number}, ${r.kind} to ${r.version}: ${r.result}"][0], "none: adopted as it served")
}
