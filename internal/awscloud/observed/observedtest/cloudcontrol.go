// Package observedtest has the parts of AWS for tests that no emulator has: Cloud
// Control, and answers of EC2 and of ECS that moto never gives. All requests and answers
// are held to the service models. They follow AWS's documentation; nobody has held them beside
// AWS itself.
package observedtest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud/awstest"
)

// Control is Cloud Control in the account 123456789012 and eu-central-1.
type Control struct {
	URL string
	// Resources holds properties, as JSON, by type and identifier joined by a space. A
	// type of which there is none is not known.
	Resources map[string]string
	// Needs are the actions that reading a type takes, beside Cloud Control's own.
	Needs map[string][]string
	// Allowed is a policy document; empty allows everything.
	Allowed string
	// Says is the message of faults; empty for one that says nothing. IAM says which of
	// Cloud Control's actions is missing.
	Says string
	// Most is how many requests were being answered at the same time, at most.
	Most int

	awstest.Watch
	t     testing.TB
	model *awstest.Model
	now   int
	hold  func()
}

// NewControl starts one without resources.
func NewControl(t testing.TB) *Control {
	t.Helper()
	model, err := awstest.CloudControl()
	if err != nil {
		t.Fatal(err)
	}
	c := &Control{t: t, model: model, Resources: map[string]string{}, Needs: map[string][]string{}}
	server := httptest.NewServer(http.HandlerFunc(c.serve))
	t.Cleanup(server.Close)
	c.URL = server.URL
	return c
}

// Hold calls f in the middle of each request, outside of the lock.
func (c *Control) Hold(f func()) { c.hold = f }

func (c *Control) serve(w http.ResponseWriter, r *http.Request) {
	c.model.ServeRPC(c.t, w, r, func(op *awstest.Operation, given map[string]any) (map[string]any, awstest.Fault, string) {
		c.Lock()
		c.now++
		c.Most = max(c.Most, c.now)
		fault := c.Asked(op.Name())
		c.Unlock()
		if c.hold != nil {
			c.hold()
		}
		c.Lock()
		defer c.Unlock()
		c.now--
		if fault.Code == "" {
			answer, code, words := c.read(fmt.Sprint(given["TypeName"]), fmt.Sprint(given["Identifier"]))
			return answer, awstest.Fault{Code: code}, words
		}
		words := "It went wrong."
		switch {
		case c.Says != "":
			words = c.Says
		case fault.Code == "AccessDeniedException":
			words = lacks("cloudformation:" + op.Name())
		}
		return nil, fault, words
	})
}

// read answers for one resource, or gives the code and the words of an error.
func (c *Control) read(name, identifier string) (answer map[string]any, code, message string) {
	for _, action := range append([]string{"cloudformation:GetResource"}, c.Needs[name]...) {
		if c.Allowed != "" && !strings.Contains(c.Allowed, `"`+action+`"`) {
			return nil, "AccessDeniedException", lacks(action)
		}
	}
	known := false
	for key := range c.Resources {
		known = known || strings.HasPrefix(key, name+" ")
	}
	properties, ok := c.Resources[name+" "+identifier]
	switch {
	case !known:
		return nil, "TypeNotFoundException", "Type " + name + " not found"
	case !ok:
		return nil, "ResourceNotFoundException", "Resource of type '" + name + "' with identifier '" + identifier + "' was not found."
	}
	return map[string]any{"TypeName": name, "ResourceDescription": map[string]any{"Identifier": identifier, "Properties": properties}}, "", ""
}

// lacks is IAM's sentence.
func lacks(action string) string {
	return "User: arn:aws:iam::123456789012:user/me is not authorized to perform: " + action + " on resource: * because no identity-based policy allows the action"
}
