package acctest

import (
	"encoding/json"
	"strings"
)

// next is set where Terraform has lists and actions: tools/terraform/run.sh sets it.
const next = "SLUICE_ACC_NEXT"

// without gives the pattern of the tests that the Terraform at hand cannot run.
func without(getenv func(string) string) string {
	switch {
	case getenv("TF_ACC") == "":
		return "^Test(Acc|Next)"
	case getenv(next) == "":
		return "^TestNext"
	default:
		return ""
	}
}

// Found is one result of terraform query.
type Found struct {
	// Address is the list's.
	Address  string         `json:"address"`
	Display  string         `json:"display_name"`
	Identity map[string]any `json:"identity"`
	// Resource is nil unless somebody asked for it.
	Resource map[string]any `json:"resource_object"`
}

// Query runs terraform query, which Terraform has from 1.14 on, and gives what it found.
func (tf *Terraform) Query(args ...string) ([]Found, Result) {
	tf.t.Helper()
	result := tf.Run(append([]string{"query", "-json"}, args...)...)
	var out []Found
	for line := range strings.SplitSeq(result.Output, "\n") {
		var event struct {
			Type  string `json:"type"`
			Found Found  `json:"list_resource_found"`
		}
		if json.Unmarshal([]byte(line), &event) == nil && event.Type == "list_resource_found" {
			out = append(out, event.Found)
		}
	}
	return out, result
}

// Invoking are the arguments that invoke an action, which Terraform can from 1.14 on.
func Invoking(address string) []string {
	return []string{"apply", "-json", "-input=false", "-auto-approve", "-invoke=" + address}
}

// Invoke invokes an action, and gives what it said while it ran.
func (tf *Terraform) Invoke(address string) ([]string, Result) {
	tf.t.Helper()
	result := tf.Run(Invoking(address)...)
	return Told(result), result
}

// Told gives what actions said while they ran.
func Told(result Result) []string {
	var out []string
	for line := range strings.SplitSeq(result.Output, "\n") {
		var event struct {
			Type string `json:"type"`
			Hook struct {
				Message string `json:"message"`
			} `json:"hook"`
		}
		if json.Unmarshal([]byte(line), &event) == nil && event.Type == "action_progress" {
			out = append(out, event.Hook.Message)
		}
	}
	return out
}
