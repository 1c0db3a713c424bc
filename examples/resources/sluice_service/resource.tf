resource "sluice_service" "checkout" {
  name = "checkout"
}
