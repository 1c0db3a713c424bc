output "serving" {
  description = "What the servers say that they run: a version, and its share of the traffic in percent."
  value = {
    version = sluice_release.checkout.serving.version
    weight  = sluice_release.checkout.serving.weight
  }
}
