output "picture" {
  description = "The week in characters, with the windows in it."
  value       = data.sluice_window_advice.shop.picture
}

output "reasons" {
  description = "Why these windows."
  value       = data.sluice_window_advice.shop.reasons
}

output "open_periods" {
  description = "When production may change in the week after."
  value       = [for p in data.sluice_change_calendar.next_week.open_periods : "${p.starts_at} to ${p.ends_at}"]
}
