list "sluice_change_window" "all" {
  provider = sluice
}
