package awstest

import (
	_ "embed"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
)

//go:embed elbv2.json
var elbModel []byte

//go:embed autoscaling.json
var autoScalingModel []byte

// ELB is the model of Elastic Load Balancing, as far as we call it. Its protocol is
// query: forms that are answered with XML.
func ELB() (*Model, error) { return elbOnce() }

// AutoScaling is the model of EC2 Auto Scaling, as far as we call it: query, too.
func AutoScaling() (*Model, error) { return autoScalingOnce() }

var (
	elbOnce         = sync.OnceValues(func() (*Model, error) { return parse(elbModel) })
	autoScalingOnce = sync.OnceValues(func() (*Model, error) { return parse(autoScalingModel) })
)

// Form finds the operation of a request in the query protocol, and what it was given.
// A request that the model does not allow, a parameter that it does not know
// included, is an error that says why.
func (m *Model) Form(r *http.Request, body []byte) (*Operation, map[string]any, error) {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, nil, fmt.Errorf("the body is no form: %w", err)
	}
	return m.formed(r, &former{model: m, form: form, called: func(_ *Reference, name string) string { return name }, item: "%s.member.%d"})
}

// formed reads the whole form of a request, in either dialect.
func (m *Model) formed(r *http.Request, f *former) (*Operation, map[string]any, error) {
	name := f.form.Get("Action")
	op := m.Operations[name]
	if op == nil || r.Method != op.HTTP.Method {
		return nil, nil, fmt.Errorf("the model has no operation %q", name)
	}
	f.used = map[string]bool{"Action": true, "Version": true}
	given, _ := f.value(op.Input.Shape, "").(map[string]any)
	if given == nil {
		given = map[string]any{}
	}
	for key := range f.form {
		if !f.used[key] {
			return op, given, fmt.Errorf("%s has no parameter %s", name, key)
		}
	}
	return op, given, m.check(name, op.Input, given)
}

// former reads values out of a form.
type former struct {
	model *Model
	form  url.Values
	used  map[string]bool
	// called is a member's name in the form, and item that of a list's n-th.
	called func(ref *Reference, name string) string
	item   string
}

// value reads what begins with a prefix; nil where nothing does.
func (f *former) value(name, prefix string) any {
	shape := f.model.Shapes[name]
	switch shape.Type {
	case "structure":
		out := map[string]any{}
		for member, ref := range shape.Members {
			if v := f.value(ref.Shape, strings.TrimPrefix(prefix+"."+f.called(ref, member), ".")); v != nil {
				out[member] = v
			}
		}
		if len(out) == 0 && !f.named(prefix) {
			return nil
		}
		return out
	case "list":
		out := []any{}
		for i := 1; ; i++ {
			v := f.value(shape.Member.Shape, fmt.Sprintf(f.item, prefix, i))
			if v == nil {
				break
			}
			out = append(out, v)
		}
		if len(out) == 0 && !f.named(prefix) {
			return nil
		}
		return out
	case "map":
		out := map[string]any{}
		for i := 1; f.named(fmt.Sprintf("%s.entry.%d.key", prefix, i)); i++ {
			at := fmt.Sprintf("%s.entry.%d", prefix, i)
			f.used[at+".key"] = true
			out[f.form.Get(at+".key")] = f.value(shape.Value.Shape, at+".value")
		}
		if len(out) == 0 {
			return nil
		}
		return out
	}
	if !f.named(prefix) {
		return nil
	}
	f.used[prefix] = true
	return scalar(shape.Type, f.form.Get(prefix))
}

func (f *former) named(prefix string) bool {
	if f.form.Has(prefix) {
		f.used[prefix] = true
		return true
	}
	return false
}

// scalar is a text as what its shape says; the check refuses what does not fit.
func scalar(kind, text string) any {
	switch kind {
	case "integer", "long", "double", "float":
		if n, err := strconv.ParseFloat(text, 64); err == nil {
			return n
		}
	case "boolean":
		if b, err := strconv.ParseBool(text); err == nil {
			return b
		}
	}
	return text
}

// XML checks what a fake answers, and writes it as the query protocol does.
func (m *Model) XML(op *Operation, answer map[string]any) ([]byte, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "<%sResponse>", op.name)
	if op.Output != nil {
		if err := m.check(op.name, op.Output, answer); err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "<%sResult>", op.name)
		write(&b, answer)
		fmt.Fprintf(&b, "</%sResult>", op.name)
	}
	fmt.Fprintf(&b, "<ResponseMetadata><RequestId>test</RequestId></ResponseMetadata></%sResponse>", op.name)
	return []byte(b.String()), nil
}

func write(b *strings.Builder, v any) {
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			fmt.Fprintf(b, "<%s>", name)
			write(b, value)
			fmt.Fprintf(b, "</%s>", name)
		}
	case []any:
		for _, item := range v {
			b.WriteString("<member>")
			write(b, item)
			b.WriteString("</member>")
		}
	case float64:
		b.WriteString(strconv.FormatFloat(v, 'f', -1, 64))
	default:
		_ = xml.EscapeText(b, []byte(fmt.Sprint(v))) // It writes into memory.
	}
}

// queryErrors are those that any service of the query protocol may answer.
var queryErrors = []string{"AccessDenied", "Throttling", "ExpiredToken", "InvalidClientTokenId", "SignatureDoesNotMatch", "ServiceUnavailable", "ValidationError"}

// Failure checks that AWS has an error for an operation, with this status, and writes
// it as the query protocol does.
func (m *Model) Failure(op *Operation, status int, code, message string) ([]byte, error) {
	var text strings.Builder
	_ = xml.EscapeText(&text, []byte(message)) // It writes into memory.
	body := []byte("<ErrorResponse><Error><Type>Sender</Type><Code>" + code + "</Code><Message>" + text.String() + "</Message></Error><RequestId>test</RequestId></ErrorResponse>")
	if slices.Contains(queryErrors, code) {
		return body, nil
	}
	for _, r := range op.Errors {
		if e := m.Shapes[r.Shape].Error; e != nil && e.Code == code {
			if e.Status != status {
				return body, fmt.Errorf("%s: %s comes with the status %d and not %d", op.name, code, e.Status, status)
			}
			return body, nil
		}
	}
	return body, fmt.Errorf("%s never fails with %s", op.name, code)
}
