variable "checkout_version" {
  description = "The version of checkout that shall run: a label for people."
  type        = string
  default     = "1.0.0"
}

variable "checkout_digest" {
  description = "The image's digest, \"sha256:\" and 64 hexadecimal digits, as the build printed it."
  type        = string
  default     = "sha256:9f2c4d7b1a60f3c58e2d9b04a7c61e8f35d0b9a2c4e6f8017293a4b5c6d7e8f9"
}

variable "target_groups" {
  description = "The ARNs of the two target groups."
  type        = list(string)
  default = [
    "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/checkout-blue/73e2d6bc24d8a067",
    "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/checkout-green/9f0c4e1d7b6a5823",
  ]
}

variable "listeners" {
  description = "The ARNs of the listeners, and of rules, whose weights are moved, in that order."
  type        = list(string)
  default     = ["arn:aws:elasticloadbalancing:eu-central-1:123456789012:listener/app/web/50dc6c495c0c9188/f2f7dc8efc522ab2"]
}
