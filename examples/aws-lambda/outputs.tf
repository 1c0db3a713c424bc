output "serving" {
  description = "What the alias gives its users: a version, and its share of the requests in percent."
  value = {
    version = sluice_release.checkout.serving.version
    weight  = sluice_release.checkout.serving.weight
  }
}
