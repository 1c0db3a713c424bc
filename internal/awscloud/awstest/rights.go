package awstest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Rights is STS and IAM of a fake: who asks is a session of the role Principal, which may
// do all but what is denied.
type Rights struct {
	// Principal is the role's name: "releases".
	Principal string
	// Others are the ARNs of other roles whose rights may be asked for.
	Others []string

	mu              sync.Mutex
	denied, unknown map[string]bool
}

// Deny lets IAM's simulation say no to actions, "ecs:UpdateService", and to nothing else;
// with a role's ARN and a space before it, to another role alone.
// Nothing but the simulation heeds it.
func (r *Rights) Deny(actions ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.denied = map[string]bool{}
	for _, a := range actions {
		r.denied[a] = true
	}
}

// Miss lets IAM's simulation lack values that policies ask for, "aws:ResourceTag/team",
// and name them with each no.
func (r *Rights) Miss(keys ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.unknown = map[string]bool{}
	for _, k := range keys {
		r.unknown[k] = true
	}
}

// Asks is whether a request is for STS or IAM, by its signature.
func Asks(r *http.Request) bool {
	a := r.Header.Get("Authorization")
	return strings.Contains(a, "/iam/aws4_request") || strings.Contains(a, "/sts/aws4_request")
}

// Answer answers for STS and IAM, and counts the request. Request and answer are held to
// the service models.
func (r *Rights) Answer(t testing.TB, watch *Watch, w http.ResponseWriter, req *http.Request, body []byte) {
	t.Helper()
	w.Header().Set("Content-Type", "text/xml")
	of := STS
	if strings.Contains(req.Header.Get("Authorization"), "/iam/aws4_request") {
		of = IAM
	}
	model, err := of()
	if err != nil {
		t.Error(err)
		return
	}
	op, given, err := model.Form(req, body)
	if err != nil {
		t.Errorf("a request that AWS would not take: %v", err)
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	status, code, answer := r.carry(t, watch, op.Name(), given)
	var out []byte
	if code != "" {
		// IAM and STS refuse with errors that all services have, and no model lists.
		out = fmt.Appendf(nil, "<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>a fault of the test</Message></Error></ErrorResponse>", code)
	} else if out, err = model.XML(op, answer); err != nil {
		t.Errorf("an answer that AWS would not give: %v", err)
	}
	w.WriteHeader(status)
	_, _ = w.Write(out) // Whoever asked may be gone.
}

// carry carries one request out.
func (r *Rights) carry(t testing.TB, watch *Watch, operation string, given map[string]any) (status int, code string, answer map[string]any) {
	t.Helper()
	watch.Lock()
	f, policy := watch.Asked(operation), watch.policy
	watch.Unlock()
	switch {
	case f.Code != "":
		return f.Status, f.Code, nil
	case operation != "SimulatePrincipalPolicy":
		return http.StatusOK, "", map[string]any{"Arn": "arn:aws:sts::123456789012:assumed-role/" + r.Principal + "/ci", "Account": "123456789012", "UserId": "AROAEXAMPLE:ci"}
	}
	principal := fmt.Sprint(given["PolicySourceArn"])
	other := slices.Contains(r.Others, principal)
	if principal != "arn:aws:iam::123456789012:role/"+r.Principal && !other {
		t.Errorf("the rights of %q are asked for", principal)
	}
	if policy != nil && !policy.Allows(Use{Action: "iam:SimulatePrincipalPolicy", Resource: principal}) {
		return http.StatusForbidden, "AccessDenied", nil
	}
	whose := ""
	if other {
		// What the fake heeds is the policy of whoever asks, and not that of another role.
		whose, policy = principal+" ", nil
	}
	return http.StatusOK, "", map[string]any{"IsTruncated": false, "EvaluationResults": r.simulated(given, whose, policy)}
}

// simulated is the answer for each action on each resource, by the policy that the fake
// heeds, where there is one. Whose is that other role's ARN and a space, or empty.
func (r *Rights) simulated(given map[string]any, whose string, policy *Policy) []any {
	r.mu.Lock()
	defer r.mu.Unlock()
	missing, keys, out := []any{}, map[string]string{}, []any{}
	for key := range r.unknown {
		missing = append(missing, key)
	}
	entries, _ := given["ContextEntries"].([]any)
	for _, e := range entries {
		e := e.(map[string]any) //nolint:forcetypeassert // The model says so.
		values, _ := e["ContextKeyValues"].([]any)
		for _, v := range values {
			keys[fmt.Sprint(e["ContextKeyName"])] = fmt.Sprint(v)
		}
	}
	actions, _ := given["ActionNames"].([]any)
	resources, _ := given["ResourceArns"].([]any)
	for _, action := range actions {
		for _, resource := range resources {
			use := Use{Action: fmt.Sprint(action), Resource: fmt.Sprint(resource), Keys: keys}
			one := map[string]any{"EvalActionName": action, "EvalResourceName": resource, "EvalDecision": "allowed"}
			if r.denied[whose+use.Action] || policy != nil && !policy.Allows(use) {
				one["EvalDecision"], one["MissingContextValues"] = "implicitDeny", missing
			}
			out = append(out, one)
		}
	}
	return out
}
