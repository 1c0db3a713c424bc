package cloudwatch_test

import (
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud/awstest"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/s3/s3test"
)

// dialect stands before moto, which knows the old protocol of CloudWatch alone: it hands
// requests on as forms, and the answers back as CBOR. Both are held to the service model.
func dialect(t *testing.T) s3test.Around {
	model, err := awstest.CloudWatch()
	if err != nil {
		t.Fatal(err)
	}
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if r.Header.Get("Smithy-Protocol") == "" {
			next.ServeHTTP(w, r)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		op, given, err := model.CBOR(r, body)
		if err != nil {
			t.Errorf("AWS would refuse this: %v", err)
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		form := url.Values{"Action": {op.Name()}, "Version": {"2010-08-01"}}
		flatten(form, model, op.Input, "", given)
		old := httptest.NewRequestWithContext(r.Context(), http.MethodPost, "http://"+r.Host+"/", strings.NewReader(form.Encode()))
		old.Header.Set("Authorization", r.Header.Get("Authorization"))
		old.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		said := httptest.NewRecorder()
		next.ServeHTTP(said, old)
		var answer struct {
			Result element `xml:",any"`
		}
		if err := xml.Unmarshal(said.Body.Bytes(), &answer); err != nil || said.Code != http.StatusOK {
			t.Errorf("moto answers %d %s %v", said.Code, said.Body, err)
		}
		content, _ := answer.Result.value(model, op.Output).(map[string]any)
		raw, err := model.CBORAnswer(op, content)
		if err != nil {
			t.Errorf("moto answers what AWS would not: %v", err)
		}
		w.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
		w.Header().Set("Content-Type", "application/cbor")
		_, _ = w.Write(raw) // Whoever asked may be gone.
	}
}

// flatten puts a value that was checked into a form.
func flatten(form url.Values, m *awstest.Model, ref *awstest.Reference, at string, v any) {
	shape := m.Shapes[ref.Shape]
	switch v := v.(type) {
	case map[string]any:
		for name, item := range v {
			flatten(form, m, shape.Members[name], strings.TrimPrefix(at+"."+name, "."), item)
		}
	case []any:
		for i, item := range v {
			flatten(form, m, shape.Member, fmt.Sprintf("%s.member.%d", at, i+1), item)
		}
	case float64:
		form.Set(at, strconv.FormatFloat(v, 'f', -1, 64))
		if shape.Type == "timestamp" {
			form.Set(at, time.Unix(int64(v), 0).UTC().Format(time.RFC3339))
		}
	default:
		form.Set(at, fmt.Sprint(v))
	}
}

// element is a piece of XML.
type element struct {
	XMLName xml.Name
	Inside  []element `xml:",any"`
	Text    string    `xml:",chardata"`
}

// value is the element as its shape says. What the model has not is left out.
func (e element) value(m *awstest.Model, ref *awstest.Reference) any {
	shape := m.Shapes[ref.Shape]
	text := strings.TrimSpace(e.Text)
	switch shape.Type {
	case "structure":
		out := map[string]any{}
		for _, item := range e.Inside {
			if member := shape.Members[item.XMLName.Local]; member != nil {
				out[item.XMLName.Local] = item.value(m, member)
			}
		}
		return out
	case "list":
		out := []any{}
		for _, item := range e.Inside {
			out = append(out, item.value(m, shape.Member))
		}
		return out
	case "timestamp":
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return text
		}
		return float64(at.UnixMilli()) / 1000
	case "boolean":
		return text == "true"
	case "string":
		return text
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return text
	}
	return n
}
