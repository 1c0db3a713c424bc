package awstest

import (
	"fmt"
	"net/http"
	"net/url"
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

// Answer answers for STS and IAM, and counts the request.
func (r *Rights) Answer(t testing.TB, watch *Watch, w http.ResponseWriter, body string) {
	t.Helper()
	w.Header().Set("Content-Type", "text/xml")
	form, err := url.ParseQuery(body)
	if err != nil {
		t.Errorf("IAM is asked %q", body)
		return
	}
	operation := form.Get("Action")
	watch.Lock()
	f := watch.Asked(operation)
	watch.Unlock()
	if f.Code != "" {
		w.WriteHeader(f.Status)
		_, _ = fmt.Fprintf(w, "<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>a fault of the test</Message></Error></ErrorResponse>", f.Code) // Whoever asked may be gone.
		return
	}
	answer := "<Arn>arn:aws:sts::123456789012:assumed-role/" + r.Principal + "/ci</Arn><Account>123456789012</Account>"
	if operation == "SimulatePrincipalPolicy" {
		if source := form.Get("PolicySourceArn"); source != "arn:aws:iam::123456789012:role/"+r.Principal && !slices.Contains(r.Others, source) {
			t.Errorf("the rights of %q are asked for", form.Get("PolicySourceArn"))
		}
		answer = "<IsTruncated>false</IsTruncated><EvaluationResults>" + r.simulated(form) + "</EvaluationResults>"
	}
	_, _ = fmt.Fprintf(w, "<%[1]sResponse><%[1]sResult>%[2]s</%[1]sResult></%[1]sResponse>", operation, answer) // Whoever asked may be gone.
}

func (r *Rights) simulated(form url.Values) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out, missing strings.Builder
	for key := range r.unknown {
		fmt.Fprintf(&missing, "<member>%s</member>", key)
	}
	for i := 1; form.Has(fmt.Sprintf("ActionNames.member.%d", i)); i++ {
		action, decision, lacks := form.Get(fmt.Sprintf("ActionNames.member.%d", i)), "allowed", ""
		whose := ""
		if source := form.Get("PolicySourceArn"); slices.Contains(r.Others, source) {
			whose = source + " "
		}
		if r.denied[whose+action] {
			decision, lacks = "implicitDeny", "<MissingContextValues>"+missing.String()+"</MissingContextValues>"
		}
		for j := 1; form.Has(fmt.Sprintf("ResourceArns.member.%d", j)); j++ {
			fmt.Fprintf(&out, "<member><EvalActionName>%s</EvalActionName><EvalResourceName>%s</EvalResourceName><EvalDecision>%s</EvalDecision>%s</member>", action, form.Get(fmt.Sprintf("ResourceArns.member.%d", j)), decision, lacks)
		}
	}
	return out.String()
}
