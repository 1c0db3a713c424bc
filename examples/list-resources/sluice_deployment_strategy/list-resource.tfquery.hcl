list "sluice_deployment_strategy" "all" {
  provider = sluice
}
