import {
  to = sluice_change_window.peak
  id = "black-friday"
}
