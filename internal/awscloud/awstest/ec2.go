package awstest

import (
	_ "embed"
	"encoding/xml"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
)

//go:embed ec2.json
var ec2Model []byte

// EC2 is the model of Amazon EC2, as far as we call it. Its protocol is a dialect of
// query of its own: members have other names on the wire, and lists no level of theirs.
func EC2() (*Model, error) { return ec2Once() }

var ec2Once = sync.OnceValues(func() (*Model, error) { return parse(ec2Model) })

// wire is what a member is called in a form of EC2: its queryName, or its locationName
// with a capital, or its own.
func (r *Reference) wire(name string) string {
	switch {
	case r.QueryName != "":
		return r.QueryName
	case r.LocationName != "":
		return strings.ToUpper(r.LocationName[:1]) + r.LocationName[1:]
	}
	return name
}

// EC2Form is Form for EC2's dialect.
func (m *Model) EC2Form(r *http.Request, body []byte) (*Operation, map[string]any, error) {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, nil, fmt.Errorf("the body is no form: %w", err)
	}
	return m.formed(r, &former{model: m, form: form, called: (*Reference).wire, item: "%s.%d"})
}

// EC2XML checks what a fake answers, by the members' names in the model, and writes it
// as EC2 does.
func (m *Model) EC2XML(op *Operation, answer map[string]any) ([]byte, error) {
	if err := m.check(op.name, op.Output, answer); err != nil {
		return nil, err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "<%sResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>test</requestId>", op.name)
	m.tagged(&b, op.Output, answer)
	fmt.Fprintf(&b, "</%sResponse>", op.name)
	return []byte(b.String()), nil
}

// tagged writes a value that was checked, by the names of the wire.
func (m *Model) tagged(b *strings.Builder, ref *Reference, v any) {
	shape := m.Shapes[ref.Shape]
	inside := func(name string, ref *Reference, v any) {
		fmt.Fprintf(b, "<%s>", name)
		m.tagged(b, ref, v)
		fmt.Fprintf(b, "</%s>", name)
	}
	switch v := v.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			member, called := shape.Members[name], name
			if member.LocationName != "" {
				called = member.LocationName
			}
			inside(called, member, v[name])
		}
	case []any:
		for _, item := range v {
			inside(shape.Member.LocationName, shape.Member, item)
		}
	default:
		write(b, v)
	}
}

// ec2Errors are those that EC2's calls of ours may be refused with. The model lists
// none; these are of "Error codes for the Amazon EC2 API", with the status that each
// comes with.
var ec2Errors = map[string]int{
	"AuthFailure": http.StatusUnauthorized, "UnauthorizedOperation": http.StatusForbidden, "OptInRequired": http.StatusForbidden,
	"RequestExpired": http.StatusBadRequest, "InvalidParameterValue": http.StatusBadRequest, "InvalidGroup.NotFound": http.StatusBadRequest,
	"InvalidSecurityGroupRuleId.NotFound": http.StatusBadRequest, "RequestLimitExceeded": http.StatusServiceUnavailable,
	"InternalError": http.StatusInternalServerError, "Unavailable": http.StatusServiceUnavailable,
}

// EC2Failure checks that EC2 has an error, with this status, and writes it as EC2 does.
func (m *Model) EC2Failure(op *Operation, status int, code, message string) ([]byte, error) {
	var text strings.Builder
	_ = xml.EscapeText(&text, []byte(message)) // It writes into memory.
	body := []byte("<Response><Errors><Error><Code>" + code + "</Code><Message>" + text.String() + "</Message></Error></Errors><RequestID>test</RequestID></Response>")
	switch want, ok := ec2Errors[code]; {
	case !ok:
		return body, fmt.Errorf("%s never fails with %s", op.name, code)
	case want != status:
		return body, fmt.Errorf("%s: %s comes with the status %d and not %d", op.name, code, want, status)
	}
	return body, nil
}
