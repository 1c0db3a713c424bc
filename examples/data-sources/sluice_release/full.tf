data "sluice_release" "checkout" {
  service     = "checkout"
  environment = "production"

  # What the gates are asked about. Without it: what is registered now.
  artifact = {
    version   = "1.2.0"
    reference = "registry.example/checkout@sha256:9f2c4d7b1a60f3c58e2d9b04a7c61e8f35d0b9a2c4e6f8017293a4b5c6d7e8f9"
  }
  configuration_digest = "sha256:${sha256(jsonencode({ greeting = "hello" }))}"
}

# A check that says in every plan whether somebody stands in the way.
check "checkout_may_go_forward" {
  assert {
    condition = data.sluice_release.checkout.can_start
    error_message = join("; ", concat(
      [for g in data.sluice_release.checkout.gates : "${g.gate}: ${g.reason}" if g.status != "pass"],
      ["more: sluice gates checkout/production"],
    ))
  }
}

output "serving" {
  value = data.sluice_release.checkout.serving
}
