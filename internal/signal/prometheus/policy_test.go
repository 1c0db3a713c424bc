package prometheus_test

import (
	"flag"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud/awstest"
	"github.com/sluice/terraform-provider-sluice/internal/signal/prometheus"
)

var updatePolicy = flag.Bool("update-policy", false, "write docs/policies")

// The policy in docs is the one that Policy gives. It allows the one action that the error
// of a question that was refused names, on the workspace alone.
func TestPolicyInDocs(t *testing.T) {
	text, err := prometheus.Policy("eu-central-1", "123456789012", "ws-0123abcd")
	if err != nil {
		t.Fatal(err)
	}
	awstest.PolicyInDocs(t, *updatePolicy, "amp.json", text)
	p := awstest.ParsePolicy(t, text)
	for workspace, want := range map[string]bool{"ws-0123abcd": true, "ws-4567cdef": false} {
		if got := p.Allows(awstest.Use{Action: "aps:QueryMetrics", Resource: "arn:aws:aps:eu-central-1:123456789012:workspace/" + workspace}); got != want {
			t.Errorf("%s: %t", workspace, got)
		}
	}
	if china, err := prometheus.Policy("cn-north-1", "123456789012", "ws-0123abcd"); err != nil || !awstest.ParsePolicy(t, china).Allows(awstest.Use{Action: "aps:QueryMetrics", Resource: "arn:aws-cn:aps:cn-north-1:123456789012:workspace/ws-0123abcd"}) {
		t.Errorf("%s, %v", china, err)
	}
}
