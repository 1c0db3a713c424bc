list "sluice_drift_check" "all" {
  provider = sluice
}
