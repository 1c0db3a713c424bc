package cloudwatch

import (
	"maps"
	"slices"
)

// Preset is a ready set of metrics of one of AWS's services.
type Preset struct {
	// Needs are dimensions that the author gives for all metrics.
	Needs []string
	// Examples are values for them.
	Examples []string
	// Arm says what stands for ArmMark, with an example.
	Arm, ArmExample string
	Metrics         map[string]Metric
}

// Presets lists the ready sets by name.
func Presets() map[string]Preset {
	return map[string]Preset{
		// What a target group answered, and connections that it did not take. Errors that
		// the balancer itself answers belong to no target group.
		"alb": {
			Needs: []string{"LoadBalancer"}, Examples: []string{"app/shop/50dc6c495c0c9188"},
			Arm: "target group", ArmExample: "targetgroup/blue/73e2d6bc24d8a067",
			Metrics: map[string]Metric{
				"errors": ratio("AWS/ApplicationELB", "TargetGroup", "RequestCount", "HTTPCode_Target_5XX_Count", "TargetConnectionErrorCount"),
				"slow":   {Latency: of("AWS/ApplicationELB", "TargetGroup", "TargetResponseTime"), Unit: "s"},
			},
		},
		// The one split by version that Lambda has: invocations of an alias.
		"lambda": {
			Needs: []string{"FunctionName", "Resource"}, Examples: []string{"checkout", "checkout:live"},
			Arm: "version", ArmExample: "7",
			Metrics: map[string]Metric{
				"errors": ratio("AWS/Lambda", "ExecutedVersion", "Invocations", "Errors"),
				"slow":   {Latency: of("AWS/Lambda", "ExecutedVersion", "Duration"), Unit: "ms"},
			},
		},
		// What Service Connect counts in front of a service; ECS counts no requests
		// otherwise. Behind a balancer it is alb that counts.
		"ecs": {
			Needs: []string{"ClusterName", "TargetDiscoveryName"}, Examples: []string{"shop", "checkout"},
			Arm: "service", ArmExample: "checkout-blue",
			Metrics: map[string]Metric{
				"errors": counted("AWS/ECS", "ServiceName", "TargetResponseTime", "HTTPCode_Target_5XX_Count"),
				"slow":   {Latency: of("AWS/ECS", "ServiceName", "TargetResponseTime"), Unit: "ms"},
			},
		},
		// REST APIs: the arms are stages.
		"api_gateway": {
			Needs: []string{"ApiName"}, Examples: []string{"checkout"},
			Arm: "stage", ArmExample: "live",
			Metrics: map[string]Metric{
				"errors": counted("AWS/ApiGateway", "Stage", "Count", "5XXError"),
				"slow":   {Latency: of("AWS/ApiGateway", "Stage", "Latency"), Unit: "ms"},
			},
		},
		// HTTP APIs name the same things otherwise.
		"api_gateway_http": {
			Needs: []string{"ApiId"}, Examples: []string{"a1b2c3d4e5"},
			Arm: "stage", ArmExample: "live",
			Metrics: map[string]Metric{
				"errors": counted("AWS/ApiGateway", "Stage", "Count", "5xx"),
				"slow":   {Latency: of("AWS/ApiGateway", "Stage", "Latency"), Unit: "ms"},
			},
		},
		// Connections, and those that targets broke off. A balancer counts them for
		// itself and not for its target groups, so the arms are two balancers.
		"nlb": {
			Arm: "load balancer", ArmExample: "net/blue/50dc6c495c0c9188",
			Metrics: map[string]Metric{
				"errors": ratio("AWS/NetworkELB", "LoadBalancer", "NewFlowCount", "TCP_Target_Reset_Count"),
			},
		},
	}
}

func of(namespace, dimension, name string) *Selector {
	return &Selector{Namespace: namespace, Name: name, Dimensions: map[string]string{dimension: ArmMark}}
}

func ratio(namespace, dimension, total string, bad ...string) Metric {
	m := Metric{Total: of(namespace, dimension, total)}
	for _, name := range bad {
		m.Bad = append(m.Bad, *of(namespace, dimension, name))
	}
	return m
}

// counted is a ratio whose total is how often something was measured.
func counted(namespace, dimension, total, bad string) Metric {
	m := ratio(namespace, dimension, total, bad)
	m.Total.Statistic = statSamples
	return m
}

func presetNames() []string { return slices.Sorted(maps.Keys(Presets())) }
