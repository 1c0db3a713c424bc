# Another state declares the third party.
data "sluice_external_dependency" "psp" {
  name = "psp"
}
