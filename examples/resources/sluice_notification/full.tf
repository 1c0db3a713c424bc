# What deployment metrics are made of, signed, and with a token.
resource "sluice_notification" "delivery_metrics" {
  name = "delivery-metrics"
  webhook = {
    url         = "https://metrics.example/cdevents"
    token       = { env = "METRICS_TOKEN" }
    signing_key = { file = "/run/secrets/events-signing-key" }
    timeout     = "3s"
  }
  events       = ["dev.cdevents.service.*", "dev.cdevents.incident.*"]
  environments = ["production"]
}

# What somebody should look at, to a chat whose URL is itself the secret.
resource "sluice_notification" "chat" {
  name = "payments-chat"
  webhook = {
    url_from = { command = ["pass", "show", "chat-relay"] }
    header   = { name = "X-Api-Key", value = { env = "CHAT_RELAY_KEY" } }
  }
  events = [
    "dev.cdeventsx.sluice-rollout.paused",
    "dev.cdeventsx.sluice-rollout.rollbackfailed",
    "dev.cdeventsx.sluice-gate.blocked",
    "dev.cdeventsx.sluice-hold.*",
    "dev.cdevents.service.rolledback",
  ]
  services = ["payments", "checkout"]
}

# All of it, on the machine of the agent.
resource "sluice_notification" "log" {
  name = "log"
  file = { path = "/var/log/sluice/events.jsonl" }
}
