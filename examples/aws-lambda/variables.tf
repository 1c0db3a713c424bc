variable "checkout_version" {
  description = "The version of checkout that shall run: the name of a file in packages/, without .zip."
  type        = string
  default     = "1.0.0"

  validation {
    condition     = fileexists("${path.module}/packages/${var.checkout_version}.zip")
    error_message = "There is no such file in packages/; ./build.sh ${var.checkout_version} makes it."
  }
}

variable "name" {
  description = "What the function is called, and how the names of its roles begin."
  type        = string
  default     = "checkout"
}

variable "region" {
  description = "Where the function runs."
  type        = string
  default     = "eu-central-1"
}

variable "builds" {
  description = "The bucket for packages, whose name nobody else in the world may have."
  type        = string
  default     = "acme-checkout-builds"
}

variable "at_least" {
  description = "How long each step of the canary stands at least. Seconds are for trying it out."
  type        = string
  default     = "5m"
}

variable "bake" {
  description = "How long a new version is watched at 100 % before the old one is let go."
  type        = string
  default     = "15m"
}
