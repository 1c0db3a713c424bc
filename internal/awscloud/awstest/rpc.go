package awstest

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
)

//go:embed ecs_pair.json
var ecsPairModel []byte

//go:embed applicationautoscaling.json
var scalingModel []byte

// ECSPair is the model of ECS, as far as pairs of services are driven. Its protocol
// is JSON with the operation in a header.
func ECSPair() (*Model, error) { return ecsPairOnce() }

// Scaling is the model of Application Auto Scaling, as far as we call it: JSON, too.
func Scaling() (*Model, error) { return scalingOnce() }

var (
	ecsPairOnce = sync.OnceValues(func() (*Model, error) { return parse(ecsPairModel) })
	scalingOnce = sync.OnceValues(func() (*Model, error) { return parse(scalingModel) })
)

// RPC finds the operation of a request that names it in the header X-Amz-Target, and
// what it was given. A request that the model does not allow is an error that says
// why.
func (m *Model) RPC(r *http.Request, body []byte) (*Operation, map[string]any, error) {
	_, name, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	op := m.Operations[name]
	if op == nil || r.Method != http.MethodPost {
		return nil, nil, fmt.Errorf("the model has no operation %q", name)
	}
	given := map[string]any{}
	if err := json.Unmarshal(body, &given); err != nil {
		return op, nil, fmt.Errorf("%s: the body is not JSON: %w", name, err)
	}
	return op, given, m.check(name, op.Input, given)
}
