output "address" {
  description = "Where users come in."
  value       = "http://${aws_lb.web.dns_name}/"
}

output "serving" {
  description = "What users get: a version, and its share of the requests in percent."
  value = {
    version = sluice_release.checkout.serving.version
    weight  = sluice_release.checkout.serving.weight
  }
}
