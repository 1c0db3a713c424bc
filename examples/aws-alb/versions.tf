terraform {
  required_version = ">= 1.11"

  required_providers {
    sluice = {
      source = "sluice/sluice"
    }
  }
}
