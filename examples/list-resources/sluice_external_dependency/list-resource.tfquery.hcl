list "sluice_external_dependency" "all" {
  provider = sluice
}
