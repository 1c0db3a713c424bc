import {
  to = sluice_deployment_strategy.careful
  identity = {
    name = "careful"
  }
}
