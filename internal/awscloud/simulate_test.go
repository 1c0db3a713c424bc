package awscloud_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud/awstest"
)

// IAM and STS are asked where the environment says that AWS is, and never at the
// address that the settings have for the driver's own service.
func TestSimulationAsksWhereTheEnvironmentSays(t *testing.T) {
	awstest.Credentials(t)
	var mu sync.Mutex
	var asked []string
	aws := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // A form.
		action, _, _ := strings.Cut(strings.TrimPrefix(string(body), "Action="), "&")
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, action)
		if action == "GetCallerIdentity" {
			_, _ = fmt.Fprint(w, "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/ci</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>")
			return
		}
		_, _ = fmt.Fprint(w, "<SimulatePrincipalPolicyResponse><SimulatePrincipalPolicyResult><EvaluationResults><member><EvalActionName>ecs:UpdateService</EvalActionName><EvalResourceName>*</EvalResourceName><EvalDecision>implicitDeny</EvalDecision></member></EvaluationResults></SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>")
	}))
	t.Cleanup(aws.Close)
	t.Setenv("AWS_ENDPOINT_URL", aws.URL)
	for _, endpoint := range []string{"", "https://vpce-0123-abcd.ecs.eu-central-1.vpce.invalid"} {
		asked = nil
		s := awscloud.NewSession(awscloud.Settings{Region: "eu-central-1", Endpoint: endpoint}, awscloud.Who{})
		got := s.Simulated(t.Context(), awscloud.Use{Actions: []string{"ecs:UpdateService"}, Resources: []string{"*"}})
		if got.Why != "" || len(got.Lacks) != 1 || got.Lacks[0].Action != "ecs:UpdateService" || strings.Join(asked, " ") != "GetCallerIdentity SimulatePrincipalPolicy" {
			t.Errorf("with the endpoint %q: %+v, asked %q", endpoint, got, asked)
		}
	}
}
