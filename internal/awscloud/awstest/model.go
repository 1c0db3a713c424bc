// Package awstest holds requests and answers to AWS's own service models, so that a
// fake of ours cannot drift from AWS in silence. The models are cut out of those
// that botocore ships, by tools/awsmodel.
package awstest

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
)

//go:embed lambda.json
var lambdaModel []byte

// Lambda is the model of AWS Lambda, as far as we call it.
func Lambda() (*Model, error) { return lambdaOnce() }

var lambdaOnce = sync.OnceValues(func() (*Model, error) { return parse(lambdaModel) })

// Model says what may be sent and answered.
type Model struct {
	Operations map[string]*Operation `json:"operations"`
	Shapes     map[string]*Shape     `json:"shapes"`
}

// Operation is one call.
type Operation struct {
	HTTP struct {
		Method string `json:"method"`
		URI    string `json:"requestUri"`
		Status int    `json:"responseCode"`
	} `json:"http"`
	Input  *Reference  `json:"input"`
	Output *Reference  `json:"output"`
	Errors []Reference `json:"errors"`
	name   string
}

// Reference names a shape, and says where a member of that shape travels.
type Reference struct {
	Shape        string `json:"shape"`
	Location     string `json:"location"`
	LocationName string `json:"locationName"`
	QueryName    string `json:"queryName"`
}

// Shape is a type.
type Shape struct {
	Type     string                `json:"type"`
	Required []string              `json:"required"`
	Members  map[string]*Reference `json:"members"`
	Member   *Reference            `json:"member"`
	Key      *Reference            `json:"key"`
	Value    *Reference            `json:"value"`
	Enum     []string              `json:"enum"`
	Min      *float64              `json:"min"`
	Max      *float64              `json:"max"`
	Pattern  string                `json:"pattern"`
	Error    *struct {
		// Code is what is answered where it is not the shape's name.
		Code   string `json:"code"`
		Status int    `json:"httpStatusCode"`
	} `json:"error"`
}

func parse(raw []byte) (*Model, error) {
	var m Model
	if err := json.Unmarshal(raw, &m); err != nil {
		return nil, err
	}
	for name, op := range m.Operations {
		op.name = name
	}
	return &m, nil
}

// Name is the operation's.
func (o *Operation) Name() string { return o.name }

// Request finds the operation of a request in REST and JSON, and what it was given:
// members of the body, the path and the query together, by their names. A request
// that the model does not allow is an error that says why.
func (m *Model) Request(r *http.Request, body []byte) (*Operation, map[string]any, error) {
	for _, op := range m.Operations {
		path, query, _ := strings.Cut(op.HTTP.URI, "?")
		labels, ok := match(path, r.URL.EscapedPath())
		if !ok || op.HTTP.Method != r.Method || !fixed(query, r.URL.Query()) || fixedByOther(m, op, r) {
			continue
		}
		given, err := m.gather(op, labels, r, body)
		return op, given, err
	}
	return nil, nil, fmt.Errorf("no operation of the model is %s %s", r.Method, r.URL.Path)
}

// fixedByOther says whether another operation of the same path claims the query.
func fixedByOther(m *Model, op *Operation, r *http.Request) bool {
	path, query, _ := strings.Cut(op.HTTP.URI, "?")
	for _, other := range m.Operations {
		p, q, _ := strings.Cut(other.HTTP.URI, "?")
		if other != op && p == path && q != "" && query == "" && other.HTTP.Method == op.HTTP.Method && fixed(q, r.URL.Query()) {
			return true
		}
	}
	return false
}

func fixed(query string, got url.Values) bool {
	want, err := url.ParseQuery(query)
	if err != nil {
		return false
	}
	for name := range want {
		if got.Get(name) != want.Get(name) {
			return false
		}
	}
	return true
}

func match(template, path string) (map[string]string, bool) {
	want, got := strings.Split(template, "/"), strings.Split(strings.TrimSuffix(path, "/"), "/")
	if len(want) != len(got) {
		return nil, false
	}
	labels := map[string]string{}
	for i, part := range want {
		if !strings.HasPrefix(part, "{") {
			if part != got[i] {
				return nil, false
			}
			continue
		}
		value, err := url.PathUnescape(got[i])
		if err != nil || value == "" {
			return nil, false
		}
		labels[strings.Trim(part, "{}")] = value
	}
	return labels, true
}

// gather puts a request's parts together, and checks them.
func (m *Model) gather(op *Operation, labels map[string]string, r *http.Request, body []byte) (map[string]any, error) {
	given := map[string]any{}
	if len(body) > 0 {
		if err := json.Unmarshal(body, &given); err != nil {
			return nil, fmt.Errorf("%s: the body is not JSON: %w", op.name, err)
		}
	}
	if op.Input == nil {
		return given, nil
	}
	input := m.Shapes[op.Input.Shape]
	for name, ref := range input.Members {
		if _, ok := given[name]; ok && ref.Location != "" {
			return nil, fmt.Errorf("%s: %s stands in the body, and belongs into the %s", op.name, name, ref.Location)
		}
		switch ref.Location {
		case "uri":
			given[name] = labels[ref.LocationName]
		case "querystring":
			if r.URL.Query().Has(ref.LocationName) {
				given[name] = m.typed(ref, r.URL.Query().Get(ref.LocationName))
			}
		}
	}
	return given, m.check(op.name, op.Input, given)
}

// typed reads the text of a query as what its shape says.
func (m *Model) typed(ref *Reference, text string) any {
	if m.Shapes[ref.Shape].Type == "string" {
		return text
	}
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		return text
	}
	return v
}

// commonErrors are those that any service may answer.
var commonErrors = []string{"AccessDeniedException", "ThrottlingException", "ExpiredTokenException", "UnrecognizedClientException", "InvalidSignatureException", "IncompleteSignature", "ServiceUnavailable"}

// Answer checks what a fake answers: for a success the status and the members, for
// an error that AWS has it, with this status.
func (m *Model) Answer(op *Operation, status int, code string, body []byte) error {
	if code != "" {
		if slices.Contains(commonErrors, code) {
			return nil
		}
		i := slices.IndexFunc(op.Errors, func(r Reference) bool { return r.Shape == code })
		if i < 0 {
			return fmt.Errorf("%s never fails with %s", op.name, code)
		}
		if e := m.Shapes[code].Error; e != nil && e.Status != status {
			return fmt.Errorf("%s: %s comes with the status %d and not %d", op.name, code, e.Status, status)
		}
		return nil
	}
	if status != op.Success() {
		return fmt.Errorf("%s is answered with the status %d and not %d", op.name, op.Success(), status)
	}
	if op.Output == nil {
		if len(body) > 0 {
			return fmt.Errorf("%s is answered with nothing", op.name)
		}
		return nil
	}
	var content any
	if err := json.Unmarshal(body, &content); err != nil {
		return fmt.Errorf("%s: the answer is not JSON: %w", op.name, err)
	}
	return m.check(op.name, op.Output, content)
}
