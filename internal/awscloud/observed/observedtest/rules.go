package observedtest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
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
	t testing.TB
}

// NewRules starts one.
func NewRules(t testing.TB, group string, count int) *Rules {
	t.Helper()
	r := &Rules{t: t, Group: group, Count: count, Pages: map[string]bool{}}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	r.URL = server.URL
	return r
}

// ServeHTTP answers as EC2 does, in XML.
func (s *Rules) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		s.t.Error(err)
	}
	s.Lock()
	defer s.Unlock()
	action := r.Form.Get("Action")
	if fault := s.Asked(action); fault.Code != "" {
		refuse(w, fault.Status, fault.Code)
		return
	}
	switch {
	case action == "DescribeSecurityGroups" && r.Form.Get("GroupId.1") == s.Group:
		_, _ = fmt.Fprintf(w, "<DescribeSecurityGroupsResponse><securityGroupInfo><item><groupId>%s</groupId></item></securityGroupInfo></DescribeSecurityGroupsResponse>", s.Group)
	case action == "DescribeSecurityGroups":
		refuse(w, http.StatusBadRequest, "InvalidGroup.NotFound")
	case r.Form.Get("Filter.1.Name") != "group-id":
		s.t.Errorf("%s is asked for %v", action, r.Form)
	default:
		s.page(w, r.Form.Get("Filter.1.Value.1"), r.Form.Get("MaxResults"), r.Form.Get("NextToken"))
	}
}

// page gives some rules, and none at all of another group.
func (s *Rules) page(w http.ResponseWriter, group, size, token string) {
	most, err := strconv.Atoi(size)
	if err != nil || most < 5 || most > 1000 {
		s.t.Errorf("MaxResults is %q", size)
	}
	s.Pages[token] = true
	first, _ := strconv.Atoi(token)
	var items strings.Builder
	last := min(first+most, s.Count)
	for n := first + 1; n <= last && group == s.Group; n++ {
		_, _ = fmt.Fprintf(&items, "<item><securityGroupRuleId>sgr-%017x</securityGroupRuleId><groupId>%s</groupId><groupOwnerId>123456789012</groupOwnerId><isEgress>false</isEgress>"+
			"<ipProtocol>tcp</ipProtocol><fromPort>%d</fromPort><toPort>%d</toPort><cidrIpv4>10.0.0.0/8</cidrIpv4></item>", n, s.Group, n, n)
	}
	next := ""
	if group == s.Group && (last < s.Count || s.Forever) {
		next = "<nextToken>" + strconv.Itoa(last) + "</nextToken>"
	}
	_, _ = fmt.Fprintf(w, "<DescribeSecurityGroupRulesResponse><securityGroupRuleSet>%s</securityGroupRuleSet>%s</DescribeSecurityGroupRulesResponse>", items.String(), next)
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, "<Response><Errors><Error><Code>%s</Code><Message>It went wrong.</Message></Error></Errors><RequestID>test</RequestID></Response>", code)
}
