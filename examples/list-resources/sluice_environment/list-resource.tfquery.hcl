list "sluice_environment" "all" {
  provider = sluice
}
