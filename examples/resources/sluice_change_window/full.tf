# Nothing goes forward in production during the peak. Only people on call may
# override it, for one artifact and a few hours.
resource "sluice_change_window" "peak" {
  name        = "black-friday"
  kind        = "freeze"
  time_zone   = "Europe/Berlin"
  absolute    = [{ starts_at = "2026-11-26", ends_at = "2026-11-30T22:00" }]
  scope       = { tiers = ["production"] }
  reason      = "peak trade"
  owner       = "retail-ops"
  severity    = "critical"
  override_by = ["*@sre.example"]
}

# Otherwise in office hours only. What began inside may finish outside.
resource "sluice_change_window" "office_hours" {
  name      = "office-hours"
  kind      = "allow"
  time_zone = "Europe/Berlin"
  weekly    = [{ days = ["mon", "tue", "wed", "thu"], from = "09:00", to = "16:00" }]
  scope     = { tiers = ["production"] }
  overrun   = true
  dst_gap   = "skip"
}

# The closing of the books: the last three working days of each quarter, by a rule of
# RFC 5545, without the quarter that a new system closes by itself.
resource "sluice_change_window" "closing" {
  name       = "quarter-end"
  kind       = "freeze"
  time_zone  = "Europe/Berlin"
  reason     = "closing of the books"
  regulation = "SOX 404"
  recurrence = [{
    start   = "2026-03-27"
    rrule   = "FREQ=MONTHLY;INTERVAL=3;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1,-2,-3"
    exdates = ["2026-09-28", "2026-09-29", "2026-09-30"]
  }]
  scope = { teams = ["payments", "ledger"], regions = ["eu-central-1"] }
}

# Holidays as calendars publish them; `file = "${path.module}/holidays.ics"` reads them
# from a file.
resource "sluice_change_window" "holidays" {
  name      = "holidays"
  kind      = "freeze"
  time_zone = "Europe/Berlin"
  reason    = "public holiday"
  ics = {
    content = <<-ICS
      BEGIN:VCALENDAR
      VERSION:2.0
      PRODID:-//example//holidays//EN
      BEGIN:VEVENT
      UID:christmas@example
      DTSTART;VALUE=DATE:20261225
      DTEND;VALUE=DATE:20261227
      RRULE:FREQ=YEARLY
      SUMMARY:Christmas
      END:VEVENT
      END:VCALENDAR
    ICS
  }
}

# Single days, each with a summary that whoever is stopped reads.
resource "sluice_change_window" "company" {
  name      = "company-days"
  kind      = "freeze"
  time_zone = "Europe/Berlin"
  events = [
    { summary = "Assembly of the whole company", absolute = [{ starts_at = "2026-12-09T13:00", ends_at = "2026-12-09T18:00" }] },
    { summary = "The fiscal year ends", time_zone = "America/New_York", absolute = [{ starts_at = "2027-01-29", ends_at = "2027-01-31" }] },
  ]
}
