variable "services_that_pay" {
  description = "The services that depend on the payment provider."
  type        = list(string)
  default     = ["checkout", "refunds"]
}
