list "sluice_service" "all" {
  provider = sluice
}
