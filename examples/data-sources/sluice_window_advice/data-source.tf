# When in the week is it quiet?
data "sluice_window_advice" "smallest" {
  time_zone = "Europe/Berlin"
  csv       = { content = file("${path.module}/traffic.csv") }
}

output "quiet" {
  value = data.sluice_window_advice.smallest.reasons
}
