variable "checkout_version" {
  description = "The version of checkout that shall run: a key of builds."
  type        = string
  default     = "1.0.0"

  validation {
    condition     = contains(keys(var.builds), var.checkout_version)
    error_message = "There is no build of that version; add its digest to builds."
  }
}

variable "first_version" {
  description = "The version with which the services are made. It stays as it is; releases bring in others."
  type        = string
  default     = "1.0.0"
}

variable "repository" {
  description = "Where the images are, without tag and digest."
  type        = string
  default     = "public.ecr.aws/docker/library/httpd"
}

variable "builds" {
  description = "The digest of each version's image, \"sha256:\" and 64 hexadecimal digits, as the build printed it."
  type        = map(string)
}

variable "port" {
  description = "Where the container listens."
  type        = number
  default     = 80
}

variable "tasks" {
  description = "How many tasks run."
  type        = number
  default     = 2
}

variable "name" {
  description = "What everything else in AWS is called."
  type        = string
  default     = "checkout"
}

variable "cluster" {
  description = "What the cluster is called."
  type        = string
  default     = "production"
}

variable "region" {
  description = "Where it runs."
  type        = string
  default     = "eu-central-1"
}

variable "users" {
  description = "Who may reach the load balancer."
  type        = string
  default     = "0.0.0.0/0"
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

variable "revert_after" {
  description = "How long ECS waits at a step for somebody's word before it goes back: whole minutes, longer than a step and the bake."
  type        = string
  default     = "45m"
}

variable "judged" {
  description = "Whether CloudWatch's counts must prove each step safe. It takes users who send requests."
  type        = bool
  default     = false
}
