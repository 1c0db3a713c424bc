output "open" {
  description = "Whether checkout may go forward in production at that instant."
  value       = data.sluice_change_calendar.production.open
}

output "next_transition" {
  description = "When that changes."
  value       = data.sluice_change_calendar.production.next_transition
}

output "freezes" {
  description = "What is closed within the next 30 days, and why."
  value = [
    for w in data.sluice_change_calendar.production.upcoming : "${w.starts_at} ${w.window}: ${w.reason}" if w.kind == "freeze"
  ]
}
