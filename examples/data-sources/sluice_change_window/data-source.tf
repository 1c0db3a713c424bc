data "sluice_change_window" "peak" {
  name = "black-friday"
}
