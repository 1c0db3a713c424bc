output "serving" {
  description = "What the servers say that they run: a version, and its share of the traffic in percent."
  value = {
    # Null where nothing serves yet, as in a first release with wait = "started".
    version = try(sluice_release.checkout.serving.version, null)
    weight  = try(sluice_release.checkout.serving.weight, null)
  }
}
