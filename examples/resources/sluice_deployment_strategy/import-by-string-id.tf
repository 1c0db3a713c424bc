import {
  to = sluice_deployment_strategy.careful
  id = "careful"
}
