// Package all names every signal driver there is. A new driver is one line here.
package all

import (
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/signal/cloudwatch"
	"github.com/sluice/terraform-provider-sluice/internal/signal/haproxy"
	"github.com/sluice/terraform-provider-sluice/internal/signal/openmetrics"
	"github.com/sluice/terraform-provider-sluice/internal/signal/prometheus"
)

// Drivers makes the registry of all signal drivers.
func Drivers() signal.Registry {
	return signal.NewRegistry(
		openmetrics.Driver(),
		prometheus.Driver(),
		haproxy.Driver(),
		cloudwatch.Driver(),
	)
}
