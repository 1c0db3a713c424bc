# Another state declares the third party; a service here needs it.
data "sluice_external_dependency" "psp" {
  name = "psp"
}

resource "sluice_service" "billing" {
  name                  = "billing"
  external_dependencies = [data.sluice_external_dependency.psp.name]
}

# Whom to ask when its gate holds a release up.
output "contact" {
  value = jsondecode(data.sluice_external_dependency.psp.definition.content).contact
}
