package albtest

// Scaling is the Auto Scaling groups.
type Scaling struct{}

func (w *World) autoScaling(operation string, _ map[string]any) (any, *problem) {
	return nil, bad("ValidationError", "there are no groups: %s", operation)
}
