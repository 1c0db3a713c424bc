// Package ststest is a Security Token Service for tests, as strict as AWS where moto is
// not: moto takes the policy of a session and does not heed it, and asks for neither
// sts:TagSession nor sts:SetSourceIdentity. Each request, and each answer of its own,
// is held to the service model.
package ststest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud/awstest"
)

// Secret is in every secret that is handed out, for tests that look for it where it
// must not be.
const Secret = "MarkerOfASecret"

// Role is one that can be assumed.
type Role struct {
	// By are the keys, and names of roles, that its trust policy names; "*" for all.
	By []string
	// Allow are the actions that the trust policy allows; sts:AssumeRole is among them.
	Allow []string
	// ExternalID is what it asks for, empty for nothing.
	ExternalID string
}

// Open is a role that everybody may assume as they like.
func Open() Role {
	return Role{By: []string{"*"}, Allow: []string{"sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"}}
}

// Session is one that was handed out.
type Session struct {
	// ID is its own key's, and Key whose credentials asked for it.
	ID, Key                    string
	Role, Name, SourceIdentity string
	Tags                       map[string]string
	Seconds                    float64
	// Policy is what it is cut to; the document as it was given, and its statements.
	Policy     string
	Statements []Statement
}

// Statement is one of a session's policy.
type Statement struct{ Action, Resource []string }

// May says whether the session's policy allows an action on a resource, which ends in
// "*" where it names many.
func (s Session) May(action, resource string) bool {
	return slices.ContainsFunc(s.Statements, func(st Statement) bool {
		return slices.Contains(st.Action, action) && slices.ContainsFunc(st.Resource, func(r string) bool {
			prefix, many := strings.CutSuffix(r, "*")
			return r == resource || many && strings.HasPrefix(resource, prefix)
		})
	})
}

// Server is the service.
type Server struct {
	URL string

	t     testing.TB
	model *awstest.Model

	mu sync.Mutex
	// Roles by their ARNs. Keys that are no session's are known, but for those in
	// Expired. Room is how many characters of policy and tags AWS packs, 0 for many.
	Roles    map[string]Role
	Expired  map[string]bool
	Room     int
	sessions []Session
	now      func() time.Time
}

// New starts the service. now is when sessions begin.
func New(t testing.TB, now func() time.Time) *Server {
	t.Helper()
	model, err := awstest.STS()
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{t: t, model: model, Roles: map[string]Role{}, Expired: map[string]bool{}, now: now}
	server := httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(server.Close)
	s.URL = server.URL
	return s
}

// Credentials makes the environment of the test that of somebody with a key for it.
func (s *Server) Credentials(t testing.TB) {
	t.Helper()
	awstest.Credentials(t)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL_STS": s.URL, "AWS_ROLE_ARN": "", "AWS_WEB_IDENTITY_TOKEN_FILE": "",
	} {
		t.Setenv(name, value)
	}
}

// Sessions lists what was handed out, in order.
func (s *Server) Sessions() []Session {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.sessions)
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	op, given, err := s.model.Form(r, body)
	if err != nil {
		s.t.Errorf("a request that AWS would not take: %v", err)
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	_, key, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	key, _, _ = strings.Cut(key, "/")
	answer, refused := s.carry(op.Name(), key, given)
	w.Header().Set("Content-Type", "text/xml")
	var out []byte
	if refused != nil {
		out, err = s.model.Failure(op, refused.status, refused.code, refused.text)
		w.WriteHeader(refused.status)
	} else {
		out, err = s.model.XML(op, answer)
	}
	if err != nil {
		s.t.Errorf("an answer that AWS would not give: %v", err)
	}
	_, _ = w.Write(out) // Whoever hung up does not want it.
}

// refusal is an answer that is an error.
type refusal struct {
	status     int
	code, text string
}

func denied(format string, args ...any) *refusal {
	return &refusal{http.StatusForbidden, "AccessDenied", fmt.Sprintf(format, args...)}
}

func (s *Server) carry(operation, key string, given map[string]any) (map[string]any, *refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := func(name string) string { v, _ := given[name].(string); return v }
	if operation == "AssumeRoleWithWebIdentity" {
		if text("WebIdentityToken") == "expired" {
			return nil, &refusal{http.StatusBadRequest, "ExpiredTokenException", "Token expired"}
		}
		return s.hand(Session{Role: text("RoleArn"), Name: text("RoleSessionName"), Key: "the token", Seconds: 3600}), nil
	}
	if s.Expired[key] {
		return nil, &refusal{http.StatusForbidden, "ExpiredToken", "The security token included in the request is expired"}
	}
	if operation != "AssumeRole" {
		return nil, denied("not here")
	}
	next := Session{Role: text("RoleArn"), Name: text("RoleSessionName"), SourceIdentity: text("SourceIdentity"), Key: key, Policy: text("Policy"), Tags: map[string]string{}, Seconds: 3600}
	if n, ok := given["DurationSeconds"].(float64); ok {
		next.Seconds = n
	}
	tags, _ := given["Tags"].([]any)
	for _, t := range tags {
		tag, _ := t.(map[string]any)
		name, _ := tag["Key"].(string)
		next.Tags[name], _ = tag["Value"].(string)
	}
	if refused := s.admit(next, text("ExternalId")); refused != nil {
		return nil, refused
	}
	return s.hand(next), nil
}

// admit asks the role's trust policy, and reads the session's.
func (s *Server) admit(next Session, externalID string) *refusal {
	role, ok := s.Roles[next.Role]
	who := next.Key
	if i := slices.IndexFunc(s.sessions, func(x Session) bool { return x.ID == next.Key }); i >= 0 {
		who = s.sessions[i].Role
		if next.Seconds > 3600 {
			return &refusal{http.StatusBadRequest, "ValidationError", "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"}
		}
	}
	needs := []string{"sts:AssumeRole"}
	if len(next.Tags) > 0 {
		needs = append(needs, "sts:TagSession")
	}
	if next.SourceIdentity != "" {
		needs = append(needs, "sts:SetSourceIdentity")
	}
	for _, action := range needs {
		if !ok || !slices.Contains(role.Allow, action) || !slices.Contains(role.By, "*") && !slices.Contains(role.By, who) || role.ExternalID != externalID {
			return denied("User %s is not authorized to perform: %s on resource: %s", who, action, next.Role)
		}
	}
	if n := len(next.Policy) + 40*len(next.Tags); s.Room > 0 && n > s.Room {
		return &refusal{http.StatusBadRequest, "PackedPolicyTooLarge", fmt.Sprintf("Packed size of session tags consumes %d%% of allotted space.", 100*n/s.Room)}
	}
	return nil
}

// hand hands out the next key.
func (s *Server) hand(next Session) map[string]any {
	if next.Policy != "" {
		var document struct{ Statement []Statement }
		if err := json.Unmarshal([]byte(next.Policy), &document); err != nil {
			s.t.Errorf("a session's policy is no JSON: %v", err)
		}
		next.Statements = document.Statement
	}
	key := fmt.Sprintf("ASIA%016d", len(s.sessions)+1)
	next.ID = key
	s.sessions = append(s.sessions, next)
	account := strings.Split(next.Role, ":")[4]
	name := next.Role[strings.LastIndex(next.Role, "/")+1:]
	return map[string]any{
		"AssumedRoleUser":  map[string]any{"AssumedRoleId": "AROA0123456789EXAMPLE:" + next.Name, "Arn": "arn:aws:sts::" + account + ":assumed-role/" + name + "/" + next.Name},
		"PackedPolicySize": float64(len(next.Policy) / 50),
		"Credentials": map[string]any{
			"AccessKeyId": key, "SecretAccessKey": Secret + "Key" + key, "SessionToken": Secret + "Token" + key,
			"Expiration": s.now().Add(time.Duration(next.Seconds) * time.Second).UTC().Format(time.RFC3339),
		},
	}
}
