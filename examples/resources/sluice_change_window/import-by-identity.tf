import {
  to = sluice_change_window.peak
  identity = {
    name = "black-friday"
  }
}
