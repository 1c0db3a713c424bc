# Another state declares the service; a release here takes its definition.
data "sluice_service" "checkout" {
  name = "checkout"
}

output "service" {
  value = data.sluice_service.checkout.definition
}
