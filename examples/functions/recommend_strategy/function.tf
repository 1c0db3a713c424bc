output "recommended" {
  value = provider::sluice::recommend_strategy({ requests_per_minute = 600 })
}
