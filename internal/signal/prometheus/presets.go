package prometheus

import (
	"maps"
	"slices"
)

// Presets lists the ready sets by name. Each is a configuration without an
// address, which may be printed and copied. The values of its arms are examples:
// an author must give their own. The label may be changed.
func Presets() map[string]Config {
	return map[string]Config{
		// The exporter inside HAProxy 2.0 and newer; it has no histograms. A backend's
		// servers are the arms.
		"haproxy": {
			Arms: &Arms{Label: "server", Baseline: "old.*", Canary: "new.*"},
			Metrics: map[string]Metric{
				"errors": ratio("haproxy_server_http_responses_total", "code", "5xx"),
			},
		},
		// The ingress controller of NGINX: the arms are the services behind it.
		"nginx": {
			Arms: &Arms{Label: "service", Baseline: "checkout", Canary: "checkout-canary"},
			Metrics: map[string]Metric{
				"errors": ratio("nginx_ingress_controller_requests", "status", "5.."),
				"slow":   {Histogram: "nginx_ingress_controller_request_duration_seconds"},
			},
		},
		// NGINX Plus with its exporter; it has no histograms. The arms are upstreams.
		"nginx_plus": {
			Arms: &Arms{Label: "upstream", Baseline: "checkout", Canary: "checkout_canary"},
			Metrics: map[string]Metric{
				"errors": ratio("nginxplus_upstream_server_responses", "code", "5xx"),
			},
		},
		// The arms are clusters. Envoy measures in milliseconds.
		"envoy": {
			Arms: &Arms{Label: "envoy_cluster_name", Baseline: "checkout", Canary: "checkout_canary"},
			Metrics: map[string]Metric{
				"errors": ratio("envoy_cluster_upstream_rq_xx", "envoy_response_code_class", "5"),
				"slow":   {Histogram: "envoy_cluster_upstream_rq_time", Unit: "ms"},
			},
		},
		// The arms are services, with the suffix of their provider.
		"traefik": {
			Arms: &Arms{Label: "service", Baseline: "checkout@.*", Canary: "checkout-canary@.*"},
			Metrics: map[string]Metric{
				"errors": ratio("traefik_service_requests_total", "code", "5.."),
				"slow":   {Histogram: "traefik_service_request_duration_seconds"},
			},
		},
		// The arms are workloads, as seen by the sidecars of the service itself. Istio
		// measures in milliseconds.
		"istio": {
			Match: map[string]string{"reporter": "destination"},
			Arms:  &Arms{Label: "destination_workload", Baseline: "checkout", Canary: "checkout-canary"},
			Metrics: map[string]Metric{
				"errors": ratio("istio_requests_total", "response_code", "5..|0"),
				"slow":   {Histogram: "istio_request_duration_milliseconds", Unit: "ms"},
			},
		},
		// A service with the HTTP metrics of OpenTelemetry, by its stable semantic
		// conventions. service_version is there where resource attributes become
		// labels.
		"opentelemetry": {
			Arms: &Arms{Label: "service_version", Baseline: "1\\.0\\.0", Canary: "1\\.1\\.0"},
			Metrics: map[string]Metric{
				"errors": ratio("http_server_request_duration_seconds_count", "http_response_status_code", "5.."),
				"slow":   {Histogram: "http_server_request_duration_seconds"},
			},
		},
	}
}

// ratio is the metric of one counter whose label tells the bad events.
func ratio(name, label, bad string) Metric {
	return Metric{Total: &Selector{Name: name}, Bad: &Selector{Match: map[string]string{label: bad}}}
}

func presetNames() []string { return slices.Sorted(maps.Keys(Presets())) }
