package albtest

// ECS is a cluster.
type ECS struct{}

func (w *World) ecs(operation string, _ map[string]any) (any, *problem) {
	return nil, bad("ServerException", "there is no cluster: %s", operation)
}
