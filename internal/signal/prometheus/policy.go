package prometheus

import (
	"fmt"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
)

// Policy is what credentials need to be allowed on a workspace of Amazon Managed Service
// for Prometheus, as a policy document of IAM: to ask it, and nothing else. The workspace
// is "ws-0123abcd", the region and the account are the workspace's.
func Policy(region, account, workspace string) (string, error) {
	return awscloud.Policy([]awscloud.Statement{{Sid: "Metrics", Effect: "Allow", Action: []string{"aps:QueryMetrics"},
		Resource: []string{fmt.Sprintf("arn:%s:aps:%s:%s:workspace/%s", awscloud.Partition(region), region, account, workspace)}}})
}
