package observed_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud/awstest"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud/observed"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud/observed/observedtest"
	"github.com/sluice/terraform-provider-sluice/internal/drift"
)

const (
	queue    = "AWS::SQS::Queue"
	queueURL = "https://sqs.eu-central-1.amazonaws.com/123456789012/orders"
)

func control(t *testing.T) *observedtest.Control {
	t.Helper()
	awstest.Credentials(t)
	c := observedtest.NewControl(t)
	c.Resources[queue+" "+queueURL] = `{"VisibilityTimeout":30}`
	return c
}

func readResource(t *testing.T, endpoint, name, identifier string) drift.Content {
	t.Helper()
	return observed.Reader{Actor: "ci@acme"}.Resources(t.Context(), key, map[string]drift.Resource{"orders": {AWS: at(endpoint), Type: name, Identifier: identifier}})["orders"]
}

func TestAResourceIsRead(t *testing.T) {
	c := control(t)
	got := readResource(t, c.URL, queue, queueURL)
	if got.Err != nil || string(got.Bytes) != `{"VisibilityTimeout":30}` || c.Calls["GetResource"] != 1 || len(c.Calls) != 1 {
		t.Errorf("%s, %v after %v", got.Bytes, got.Err, c.Calls)
	}
	got = readResource(t, c.URL, queue, queueURL+"s")
	if !errors.Is(got.Err, drift.ErrGone) || !strings.Contains(got.Err.Error(), "look at the identifier, the region and the account") {
		t.Errorf("one that is not there: %v", got.Err)
	}
	if got = readResource(t, c.URL, "AWS::SQS::Queues", queueURL); got.Err == nil || errors.Is(got.Err, drift.ErrGone) || !strings.Contains(got.Err.Error(), "no type AWS::SQS::Queues is known to Cloud Control in eu-central-1; look at its name") {
		t.Errorf("a type that is not there: %v", got.Err)
	}
}

// Whatever goes wrong has its name, and is never taken for a resource that is gone.
func TestResourcesThatCannotBeRead(t *testing.T) {
	awstest.Credentials(t)
	for code, c := range map[string]struct {
		status int
		says   string
	}{
		"ThrottlingException":         {http.StatusBadRequest, "AWS refused GetResource for the number of calls in this account and region"},
		"AccessDeniedException":       {http.StatusBadRequest, "may not do cloudformation:GetResource"},
		"ExpiredTokenException":       {http.StatusBadRequest, "AWS does not take the credentials; give new ones"},
		"InvalidCredentialsException": {http.StatusBadRequest, "AWS does not take the credentials; give new ones"},
		"UnsupportedActionException":  {http.StatusBadRequest, "the type AWS::SQS::Queue is none that Cloud Control can read; declare what matters of it as a document"},
		"InvalidRequestException":     {http.StatusBadRequest, "AWS refuses what GetResource asked for (It went wrong.)"},
		"HandlerFailureException":     {http.StatusBadGateway, "GetResource was not answered as it should be (It went wrong.)"},
		"GeneralServiceException":     {http.StatusBadRequest, "GetResource was not answered as it should be (It went wrong.)"},
	} {
		t.Run(code, func(t *testing.T) {
			t.Parallel() // Some are tried again, after a while.
			s := observedtest.NewControl(t)
			s.Faults(func(string) awstest.Fault { return awstest.Fault{Status: c.status, Code: code} })
			got := readResource(t, s.URL, queue, queueURL)
			if got.Err == nil || errors.Is(got.Err, drift.ErrGone) || !strings.Contains(got.Err.Error(), c.says) {
				t.Errorf("%v, want %q", got.Err, c.says)
			}
		})
	}
}

// A type that may not read something and does not say what has its error all the same,
// under whatever code, and no right is named that is not missing.
func TestADenialThatNamesNoRight(t *testing.T) {
	for code, says := range map[string]string{"AccessDeniedException": "Nothing to see here.", "GeneralServiceException": "Access Denied (Service: S3, Status Code: 403)", "InvalidRequestException": "You are not authorized."} {
		c := control(t)
		c.Says = says
		c.Faults(func(string) awstest.Fault { return awstest.Fault{Status: http.StatusBadRequest, Code: code} })
		got := readResource(t, c.URL, queue, queueURL)
		const want = "a right to read it is missing, and Cloud Control in eu-central-1 does not say which ("
		if got.Err == nil || !strings.HasPrefix(got.Err.Error(), want+says+")") || !strings.Contains(got.Err.Error(), "--type-name "+queue+" ") || strings.Contains(got.Err.Error(), "may not do") {
			t.Errorf("%s: %v", code, got.Err)
		}
	}
}

// What is throttled for a moment is asked for again.
func TestAThrottledResourceIsAskedForAgain(t *testing.T) {
	c := control(t)
	c.Faults(func(string) awstest.Fault {
		if c.Calls["GetResource"] == 1 {
			return awstest.Fault{Status: http.StatusBadRequest, Code: "ThrottlingException"}
		}
		return awstest.Fault{}
	})
	if got := readResource(t, c.URL, queue, queueURL); got.Err != nil || c.Calls["GetResource"] != 2 {
		t.Errorf("%v after %v", got.Err, c.Calls)
	}
}

// Many are read some at a time, all of them, with one session.
func TestResourcesAreReadSomeAtATime(t *testing.T) {
	c := control(t)
	declared := map[string]drift.Resource{}
	for i := range 24 {
		name := fmt.Sprint(i)
		c.Resources[queue+" "+name] = fmt.Sprintf(`{"n":%d}`, i)
		declared[name] = drift.Resource{AWS: at(c.URL), Type: queue, Identifier: name}
	}
	// Eight at a time meet in the middle, and wait a moment for a ninth, which never comes.
	const meet = 8
	var mu sync.Mutex
	waiting, open := 0, make(chan struct{})
	c.Hold(func() {
		mu.Lock()
		waiting++
		mine, last := open, waiting == meet
		mu.Unlock()
		if last {
			bounded, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			<-bounded.Done()
			mu.Lock()
			waiting, open = 0, make(chan struct{})
			mu.Unlock()
			close(mine)
			return
		}
		select {
		case <-mine:
		case <-t.Context().Done():
		}
	})
	got := observed.Reader{Actor: "ci@acme"}.Resources(t.Context(), key, declared)
	for name := range declared {
		if want := `{"n":` + name + `}`; string(got[name].Bytes) != want {
			t.Errorf("%s is %s, %v", name, got[name].Bytes, got[name].Err)
		}
	}
	if c.Most != meet {
		t.Errorf("%d at the same time", c.Most)
	}
}

func TestPlacesAreChecked(t *testing.T) {
	check := drift.Check{
		SecurityGroups: map[string]drift.SecurityGroup{"web": {AWS: []byte(`{"region":"Frankfurt"}`)}, "none": {}},
		Resources:      map[string]drift.Resource{"orders": {AWS: []byte(`{"region":"eu-central-1","assume_role":[{"role_arn":"x"}]}`)}},
	}
	text := observed.Validate(check).Err().Error()
	for _, want := range []string{`security_groups["web"].aws.region: "Frankfurt" is not the name of a region`, `resources["orders"].aws.assume_role[0].role_arn: "x" is not the ARN of a role`} {
		if !strings.Contains(text, want) {
			t.Errorf("%q does not say %q", text, want)
		}
	}
}
