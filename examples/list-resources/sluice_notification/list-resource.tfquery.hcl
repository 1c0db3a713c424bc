list "sluice_notification" "all" {
  provider = sluice
}
