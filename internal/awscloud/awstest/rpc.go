package awstest

import (
	"cmp"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
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

// ServeRPC answers a request of JSON: it holds what was asked and what do answers to the
// model. do gives what a success says, or a status with AWS's code and the words for people;
// a status of 0 is then 400. What AWS would not ask or answer fails the test.
func (m *Model) ServeRPC(t testing.TB, w http.ResponseWriter, r *http.Request, do func(op *Operation, given map[string]any) (answer map[string]any, fault Fault, words string)) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // Whoever asked is gone.
	}
	op, given, err := m.RPC(r, body)
	if err != nil {
		t.Errorf("a request that AWS would not take: %v", err)
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	answer, fault, words := do(op, given)
	status := op.Success()
	if fault.Code != "" {
		// Services differ in how they write it, and clients take both.
		status, answer = cmp.Or(fault.Status, http.StatusBadRequest), map[string]any{"__type": fault.Code, "message": words}
	}
	raw, err := json.Marshal(answer)
	if err == nil {
		err = m.Answer(op, status, fault.Code, raw)
	}
	if err != nil {
		t.Errorf("an answer that AWS would not give: %v", err)
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(status)
	_, _ = w.Write(raw) // Whoever asked may be gone.
}
