package observed_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud/awstest"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud/observed"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud/observed/observedtest"
	"github.com/sluice/terraform-provider-sluice/internal/drift"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

const webGroup = "sg-0a1b2c3d4e5f60718"

var key = release.Key{Service: "checkout", Environment: "production"}

// at is a place with an endpoint of the test's.
func at(endpoint string) json.RawMessage {
	return json.RawMessage(fmt.Sprintf(`{"region":"eu-central-1","endpoint":%q}`, endpoint))
}

func readGroup(t *testing.T, place json.RawMessage, id string) drift.SeenGroup {
	t.Helper()
	seen := observed.Reader{Actor: "ci@acme"}.Groups(t.Context(), key, map[string]drift.SecurityGroup{"web": {AWS: place, ID: id}})
	if len(seen) != 1 {
		t.Fatalf("%d groups were read", len(seen))
	}
	return seen["web"]
}

func TestGroupsArePaged(t *testing.T) {
	awstest.Credentials(t)
	for _, c := range []struct{ rules, pages int }{{1, 1}, {1000, 1}, {1001, 2}, {2500, 3}} {
		s := observedtest.NewRules(t, webGroup, c.rules)
		seen := readGroup(t, at(s.URL), webGroup)
		if seen.Err != nil || len(seen.Rules) != c.rules || seen.Owner != "123456789012" || len(s.Pages) != c.pages || s.Calls["DescribeSecurityGroups"] != 0 {
			t.Errorf("%d of %d rules, of %q, after %v: %v", len(seen.Rules), c.rules, seen.Owner, s.Pages, seen.Err)
		}
		if last := seen.Rules[len(seen.Rules)-1]; *last.From != c.rules {
			t.Errorf("the last rule is for the port %d", *last.From)
		}
	}
	s := observedtest.NewRules(t, webGroup, 5)
	s.Forever = true
	if seen := readGroup(t, at(s.URL), webGroup); seen.Err == nil || !strings.Contains(seen.Err.Error(), "more than AWS allows") {
		t.Errorf("pages without end: %v", seen.Err)
	}
}

// EC2 gives no rules of a group that does not exist, which must not be taken for a
// group without rules.
func TestAGroupWithoutRulesIsThere(t *testing.T) {
	awstest.Credentials(t)
	s := observedtest.NewRules(t, webGroup, 0)
	if seen := readGroup(t, at(s.URL), webGroup); seen.Err != nil || len(seen.Rules) != 0 {
		t.Errorf("%+v", seen)
	}
	seen := readGroup(t, at(s.URL), "sg-00000000000000001")
	if !errors.Is(seen.Err, drift.ErrGone) || !strings.Contains(seen.Err.Error(), "it is not there, in eu-central-1 and for these credentials; look at the id") {
		t.Errorf("a group that is not there: %v", seen.Err)
	}
}

// Whatever goes wrong has its name and a remedy, and is never taken for no rules, nor for
// a group that is gone.
func TestGroupsThatCannotBeRead(t *testing.T) {
	awstest.Credentials(t)
	for _, call := range []string{"DescribeSecurityGroupRules", "DescribeSecurityGroups"} {
		for code, c := range map[string]struct {
			status int
			says   string
		}{
			"UnauthorizedOperation": {http.StatusForbidden, "may not do ec2:" + call + "; allow ec2:" + call + " in the policy"},
			"RequestLimitExceeded":  {http.StatusServiceUnavailable, "AWS refused " + call + " for the number of calls in this account and region"},
			"AuthFailure":           {http.StatusUnauthorized, "AWS does not take the credentials; give new ones"},
			"RequestExpired":        {http.StatusBadRequest, "AWS does not take the credentials; give new ones"},
			"OptInRequired":         {http.StatusForbidden, "the region eu-central-1 is not there for this account; name the region"},
			"InternalError":         {http.StatusInternalServerError, call + " was not answered as it should be (It went wrong.)"},
			"InvalidParameterValue": {http.StatusBadRequest, "AWS refuses what " + call + " asked for (It went wrong.)"},
		} {
			if call == "DescribeSecurityGroups" && code != "UnauthorizedOperation" && code != "RequestLimitExceeded" {
				continue // They are read by the same words.
			}
			t.Run(code+" of "+call, func(t *testing.T) {
				t.Parallel() // Some are tried again, after a while.
				s := observedtest.NewRules(t, webGroup, 0)
				s.Faults(func(operation string) awstest.Fault {
					if operation == call {
						return awstest.Fault{Status: c.status, Code: code}
					}
					return awstest.Fault{}
				})
				seen := readGroup(t, at(s.URL), webGroup)
				if seen.Err == nil || errors.Is(seen.Err, drift.ErrGone) || !strings.Contains(seen.Err.Error(), c.says) {
					t.Errorf("%v, want %q", seen.Err, c.says)
				}
			})
		}
	}
}

// What is wrong before AWS is asked.
func TestGroupsThatAreNotAskedFor(t *testing.T) {
	awstest.Credentials(t)
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	if seen := readGroup(t, at("http://127.0.0.1:1"), webGroup); seen.Err == nil || !strings.Contains(seen.Err.Error(), "no credentials of AWS were found") {
		t.Errorf("without credentials: %v", seen.Err)
	}
	for place, says := range map[string]string{`{"region":"nowhere"}`: "is not the name of a region", `{"region":"eu-central-1","zone":"a"}`: "zone"} {
		if seen := readGroup(t, json.RawMessage(place), webGroup); seen.Err == nil || !strings.Contains(seen.Err.Error(), says) {
			t.Errorf("%s: %v", place, seen.Err)
		}
	}
}
