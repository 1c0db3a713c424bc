# A name that services can need and windows can ask for.
resource "sluice_external_dependency" "sms" {
  name = "sms-gateway"
}
