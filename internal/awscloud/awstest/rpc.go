package awstest

import (
	_ "embed"
	"fmt"
	"net/http"
	"strings"
	"sync"
)

//go:embed ecs.json
var ecsModel []byte

// ECS is the model of Amazon ECS, as far as we call it.
func ECS() (*Model, error) { return ecsOnce() }

//go:embed ecr.json
var ecrModel []byte

// ECR is the model of Amazon ECR, as far as we call it.
func ECR() (*Model, error) { return ecrOnce() }

var ecrOnce = sync.OnceValues(func() (*Model, error) { return parse(ecrModel) })

//go:embed applicationautoscaling.json
var scalingModel []byte

// Scaling is the model of Application Auto Scaling, as far as we call it.
func Scaling() (*Model, error) { return scalingOnce() }

var scalingOnce = sync.OnceValues(func() (*Model, error) { return parse(scalingModel) })

var ecsOnce = sync.OnceValues(func() (*Model, error) { return parse(ecsModel) })

// RPC finds the operation of a request in JSON whose header X-Amz-Target names it, and
// what it was given. A request that the model does not allow is an error that says why.
func (m *Model) RPC(r *http.Request, body []byte) (*Operation, map[string]any, error) {
	_, name, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	op := m.Operations[name]
	if op == nil {
		return nil, nil, fmt.Errorf("the model has no operation %q", name)
	}
	if r.Method != op.HTTP.Method {
		return op, nil, fmt.Errorf("%s is asked for with %s and not %s", name, r.Method, op.HTTP.Method)
	}
	given, err := m.gather(op, nil, r, body)
	return op, given, err
}

// Success is the status of an operation's answer; models of RPC leave out 200.
func (o *Operation) Success() int {
	if o.HTTP.Status == 0 {
		return http.StatusOK
	}
	return o.HTTP.Status
}
