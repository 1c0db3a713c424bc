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
