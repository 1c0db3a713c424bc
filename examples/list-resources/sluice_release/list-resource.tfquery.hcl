list "sluice_release" "all" {
  provider = sluice
}
