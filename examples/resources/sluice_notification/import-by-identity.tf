import {
  to = sluice_notification.events
  identity = {
    name = "events"
  }
}
