package acctest

import (
	"encoding/json"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"
)

// Plan plans. Exit is 0 for an empty plan, 2 for one with changes, 1 for an error.
func (tf *Terraform) Plan(args ...string) Result {
	tf.t.Helper()
	return tf.Run(append([]string{"plan", "-json", "-input=false", "-detailed-exitcode", "-out=tfplan"}, args...)...)
}

// Apply plans and applies.
func (tf *Terraform) Apply(args ...string) Result {
	tf.t.Helper()
	return tf.Run(append([]string{"apply", "-json", "-input=false", "-auto-approve"}, args...)...)
}

// MustApply applies, and wants that to succeed and the plan after it to be empty.
func (tf *Terraform) MustApply() Result {
	tf.t.Helper()
	result := tf.Apply()
	if result.Exit != 0 {
		tf.t.Fatalf("apply failed: %s", result.Output)
	}
	tf.MustBeSettled()
	return result
}

// MustBeSettled wants an empty plan without warnings.
func (tf *Terraform) MustBeSettled() {
	tf.t.Helper()
	if again := tf.Plan(); again.Exit != 0 || len(again.Diagnostics) > 0 {
		tf.t.Fatalf("the second plan is not empty (exit %d): %s", again.Exit, again.Output)
	}
}

// MustFail applies, and wants an error whose text has all parts.
func (tf *Terraform) MustFail(parts ...string) Result {
	tf.t.Helper()
	result := tf.Apply()
	if result.Exit != 1 {
		tf.t.Fatalf("apply should have failed: %s", result.Output)
	}
	tf.Wants(result, "error", parts...)
	return result
}

// Wants checks that the diagnostics of a severity have all parts, wherever their
// lines are broken.
func (tf *Terraform) Wants(result Result, severity string, parts ...string) {
	tf.t.Helper()
	text := result.Text(severity)
	for _, part := range parts {
		if !strings.Contains(oneLine(text), oneLine(part)) {
			tf.t.Errorf("no %s says %q; there is:\n%s\n(exit %d)", severity, part, text, result.Exit)
		}
	}
	if tf.t.Failed() {
		tf.t.FailNow()
	}
}

// oneLine makes all white space one space.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// Change gives the planned change of a resource in the last plan, or nil.
func (tf *Terraform) Change(address string) *tfjson.Change {
	tf.t.Helper()
	var plan tfjson.Plan
	tf.show(&plan, "show", "-json", "tfplan")
	for _, rc := range plan.ResourceChanges {
		if rc.Address == address {
			return rc.Change
		}
	}
	return nil
}

// State gives the attributes of a resource in the state, or nil.
func (tf *Terraform) State(address string) map[string]any {
	tf.t.Helper()
	var state tfjson.State
	tf.show(&state, "show", "-json")
	if state.Values == nil || state.Values.RootModule == nil {
		return nil
	}
	for _, r := range state.Values.RootModule.Resources {
		if r.Address == address {
			return r.AttributeValues
		}
	}
	return nil
}

func (tf *Terraform) show(into any, args ...string) {
	tf.t.Helper()
	raw, err := tf.Command(args...).Output()
	if err == nil {
		err = json.Unmarshal(raw, into)
	}
	if err != nil {
		tf.t.Fatalf("terraform %v: %v: %s", args, err, raw)
	}
}
