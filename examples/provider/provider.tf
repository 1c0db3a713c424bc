terraform {
  required_providers {
    sluice = {
      source = "sluice/sluice"
    }
  }
}

# Without any argument the ledger is .sluice/ledger.db in the working directory.
# Where that would not last, in CI for example, name one that every run shares.
provider "sluice" {
  ledger = "sqlite:.sluice/ledger.db"
}
