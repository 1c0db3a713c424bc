data "sluice_service" "checkout" {
  name = "checkout"
}
