package observedtest

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud/awstest"
)

// Rules is EC2 with one security group that has as many rules for what comes in as
// a test says, page by page, which moto does not have.
type Rules struct {
	URL string
	// Group is the group's id, and Count how many rules it has: ports from 1 on.
	Group string
	Count int
	// Forever gives a next page always.
	Forever bool
	// Pages are those that were asked for, by their tokens. A call may come twice, where
	// its answer was lost.
	Pages map[string]bool

	awstest.Watch
	t     testing.TB
	model *awstest.Model
}

// NewRules starts one. Its requests and answers are held to the service model.
func NewRules(t testing.TB, group string, count int) *Rules {
	t.Helper()
	model, err := awstest.EC2()
	if err != nil {
		t.Fatal(err)
	}
	r := &Rules{t: t, model: model, Group: group, Count: count, Pages: map[string]bool{}}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	r.URL = server.URL
	return r
}

// ServeHTTP answers as EC2 does, in XML.
func (s *Rules) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	op, given, err := s.model.EC2Form(r, body)
	if err != nil {
		s.t.Errorf("AWS would refuse this: %v", err)
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.Lock()
	defer s.Unlock()
	status, answer := http.StatusOK, map[string]any(nil)
	fault := s.Asked(op.Name())
	if fault.Code == "" {
		answer, fault = s.read(op.Name(), given)
	}
	if fault.Code != "" {
		status = fault.Status
		body, err = s.model.EC2Failure(op, status, fault.Code, "It went wrong.")
	} else {
		body, err = s.model.EC2XML(op, answer)
	}
	if err != nil {
		s.t.Errorf("AWS would not answer this: %v", err)
	}
	w.Header().Set("Content-Type", "text/xml;charset=UTF-8")
	w.WriteHeader(status)
	_, _ = w.Write(body) // Whoever asked may be gone.
}

func (s *Rules) read(operation string, given map[string]any) (map[string]any, awstest.Fault) {
	if operation == "DescribeSecurityGroups" {
		ids, _ := given["GroupIds"].([]any)
		if len(ids) != 1 || ids[0] != s.Group {
			return nil, awstest.Fault{Status: http.StatusBadRequest, Code: "InvalidGroup.NotFound"}
		}
		return map[string]any{"SecurityGroups": []any{map[string]any{"GroupId": s.Group}}}, awstest.Fault{}
	}
	group := ""
	for _, f := range given["Filters"].([]any) { //nolint:forcetypeassert // The model has said so.
		filter, _ := f.(map[string]any)
		values, _ := filter["Values"].([]any)
		if filter["Name"] != "group-id" || len(values) != 1 {
			s.t.Errorf("%s is asked for %v", operation, given)
			continue
		}
		group, _ = values[0].(string)
	}
	size, _ := given["MaxResults"].(float64)
	token, _ := given["NextToken"].(string)
	return s.page(group, int(size), token), awstest.Fault{}
}

// page gives some rules, and none at all of another group.
func (s *Rules) page(group string, most int, token string) map[string]any {
	s.Pages[token] = true
	first, _ := strconv.Atoi(token)
	last := min(first+most, s.Count)
	rules := []any{}
	for n := first + 1; n <= last && group == s.Group; n++ {
		rules = append(rules, map[string]any{"SecurityGroupRuleId": fmt.Sprintf("sgr-%017x", n), "GroupId": s.Group, "GroupOwnerId": "123456789012", "IsEgress": false,
			"IpProtocol": "tcp", "FromPort": float64(n), "ToPort": float64(n), "CidrIpv4": "10.0.0.0/8"})
	}
	answer := map[string]any{"SecurityGroupRules": rules}
	if group == s.Group && (last < s.Count || s.Forever) {
		answer["NextToken"] = strconv.Itoa(last)
	}
	return answer
}
