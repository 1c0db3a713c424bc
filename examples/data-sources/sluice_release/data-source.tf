data "sluice_release" "checkout" {
  service     = "checkout"
  environment = "production"
}

output "serving" {
  value = data.sluice_release.checkout.serving
}
