import {
  to = sluice_notification.events
  id = "events"
}
