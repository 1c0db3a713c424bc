package ecstest

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// Deny lets IAM's simulation say no to actions, "ecs:UpdateService". Nothing else
// heeds it.
func (s *Server) Deny(actions ...string) {
	s.Lock()
	defer s.Unlock()
	s.denied = map[string]bool{}
	for _, a := range actions {
		s.denied[a] = true
	}
}

// rights answers for STS and IAM: who asks is a session of the role Principal, which
// may do all but what is denied.
func (s *Server) rights(w http.ResponseWriter, body string) {
	s.Lock()
	defer s.Unlock()
	w.Header().Set("Content-Type", "text/xml")
	form, err := url.ParseQuery(body)
	if err != nil {
		s.t.Errorf("IAM is asked %q", body)
		return
	}
	operation := form.Get("Action")
	if f := s.Asked(operation); f.Code != "" {
		w.WriteHeader(f.Status)
		_, _ = fmt.Fprintf(w, "<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>a fault of the test</Message></Error></ErrorResponse>", f.Code) // Whoever asked may be gone.
		return
	}
	answer := "<Arn>arn:aws:sts::123456789012:assumed-role/" + s.Principal + "/ci</Arn><Account>123456789012</Account>"
	if operation == "SimulatePrincipalPolicy" {
		if form.Get("PolicySourceArn") != "arn:aws:iam::123456789012:role/"+s.Principal {
			s.t.Errorf("the rights of %q are asked for", form.Get("PolicySourceArn"))
		}
		answer = "<IsTruncated>false</IsTruncated><EvaluationResults>" + s.simulated(form) + "</EvaluationResults>"
	}
	_, _ = fmt.Fprintf(w, "<%[1]sResponse><%[1]sResult>%[2]s</%[1]sResult></%[1]sResponse>", operation, answer) // Whoever asked may be gone.
}

func (s *Server) simulated(form url.Values) string {
	var out strings.Builder
	for i := 1; form.Has(fmt.Sprintf("ActionNames.member.%d", i)); i++ {
		action, decision := form.Get(fmt.Sprintf("ActionNames.member.%d", i)), "allowed"
		if s.denied[action] {
			decision = "implicitDeny"
		}
		for j := 1; form.Has(fmt.Sprintf("ResourceArns.member.%d", j)); j++ {
			fmt.Fprintf(&out, "<member><EvalActionName>%s</EvalActionName><EvalResourceName>%s</EvalResourceName><EvalDecision>%s</EvalDecision></member>", action, form.Get(fmt.Sprintf("ResourceArns.member.%d", j)), decision)
		}
	}
	return out.String()
}
