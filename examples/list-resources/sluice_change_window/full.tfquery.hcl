# The windows whose names begin alike, with what would import them.
list "sluice_change_window" "holidays" {
  provider         = sluice
  include_resource = true
  limit            = 1000

  config {
    name_prefix = "holidays-"
  }
}
