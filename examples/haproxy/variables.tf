variable "checkout_version" {
  description = "The version of checkout that shall run: the name of a file in artifacts/, without .json."
  type        = string
  default     = "1.0.0"

  validation {
    condition     = fileexists("${path.module}/artifacts/${var.checkout_version}.json")
    error_message = "There is no such file in artifacts/; the versions are ${join(", ", [for f in fileset("${path.module}/artifacts", "*.json") : trimsuffix(f, ".json")])}."
  }
}

variable "at_least" {
  description = "How long each step of the canary stands at least. Minutes are usual; seconds are for trying it out."
  type        = string
  default     = "10s"
}

variable "bake" {
  description = "How long a new version is watched at 100 % before the old one is let go."
  type        = string
  default     = "10s"
}

variable "interval" {
  description = "How often the judge looks at the counts."
  type        = string
  default     = "2s"
}
