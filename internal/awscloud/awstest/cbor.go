package awstest

import (
	_ "embed"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/aws/smithy-go/encoding/cbor"
)

//go:embed cloudwatch.json
var cloudwatchModel []byte

// CloudWatch is the model of Amazon CloudWatch, as far as we call it.
func CloudWatch() (*Model, error) { return cloudwatchOnce() }

var cloudwatchOnce = sync.OnceValues(func() (*Model, error) { return parse(cloudwatchModel) })

// CBOR finds the operation of a request in Smithy's RPC v2 with CBOR, and what it was
// given; times are Unix seconds. A request that the model does not allow is an error
// that says why.
func (m *Model) CBOR(r *http.Request, body []byte) (*Operation, map[string]any, error) {
	name := path.Base(r.URL.Path)
	op := m.Operations[name]
	if op == nil || !strings.Contains(r.URL.Path, "/service/") || r.Header.Get("Smithy-Protocol") != "rpc-v2-cbor" {
		return nil, nil, fmt.Errorf("no operation of the model is %s %s in rpc-v2-cbor", r.Method, r.URL.Path)
	}
	value, err := cbor.Decode(body)
	if err != nil {
		return op, nil, fmt.Errorf("%s: the body is not CBOR: %w", name, err)
	}
	given, ok := fromCBOR(value).(map[string]any)
	if !ok {
		return op, nil, fmt.Errorf("%s: the body is no map", name)
	}
	return op, given, m.check(name, op.Input, given)
}

// CBORAnswer writes what a fake answers, held to the model.
func (m *Model) CBORAnswer(op *Operation, content map[string]any) ([]byte, error) {
	return cbor.Encode(m.toCBOR(op.Output, content)), m.check(op.name, op.Output, content)
}

// CBORFault writes an error, which the operation or any service must have.
func (m *Model) CBORFault(op *Operation, code string) ([]byte, error) {
	var err error
	if !slices.Contains(commonErrors, code) && !slices.ContainsFunc(op.Errors, func(r Reference) bool { return r.Shape == code }) {
		err = fmt.Errorf("%s never fails with %s", op.name, code)
	}
	return cbor.Encode(cbor.Map{"__type": cbor.String("com.amazonaws.cloudwatch#" + code), "message": cbor.String("a fault of the test")}), err
}

func fromCBOR(v cbor.Value) any {
	switch v := v.(type) {
	case cbor.String:
		return string(v)
	case cbor.Uint:
		return float64(v)
	case cbor.NegInt:
		return -float64(v)
	case cbor.Float32:
		return float64(v)
	case cbor.Float64:
		return float64(v)
	case cbor.Bool:
		return bool(v)
	case *cbor.Tag: // Of a time, the only one that Smithy has.
		return fromCBOR(v.Value)
	case cbor.List:
		list := make([]any, len(v))
		for i, item := range v {
			list[i] = fromCBOR(item)
		}
		return list
	case cbor.Map:
		out := map[string]any{}
		for name, item := range v {
			out[name] = fromCBOR(item)
		}
		return out
	}
	return nil
}

func (m *Model) toCBOR(ref *Reference, v any) cbor.Value {
	shape := m.Shapes[ref.Shape]
	switch v := v.(type) {
	case string:
		return cbor.String(v)
	case bool:
		return cbor.Bool(v)
	case float64:
		return number(shape.Type, v)
	case []any:
		list := cbor.List{}
		for _, item := range v {
			list = append(list, m.toCBOR(shape.Member, item))
		}
		return list
	case map[string]any:
		out := cbor.Map{}
		for name, item := range v {
			if member := shape.Members[name]; member != nil {
				out[name] = m.toCBOR(member, item)
			}
		}
		return out
	}
	return &cbor.Nil{}
}

// number is of the kind that its shape says: what is whole in the model is on the wire.
func number(kind string, v float64) cbor.Value {
	switch {
	case kind == "timestamp":
		return &cbor.Tag{ID: 1, Value: cbor.Float64(v)}
	case kind != "integer" && kind != "long":
		return cbor.Float64(v)
	case v < 0:
		return cbor.NegInt(uint64(-v))
	}
	return cbor.Uint(uint64(v))
}
