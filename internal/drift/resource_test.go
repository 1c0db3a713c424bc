package drift_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/drift"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

func queue(paths map[string]drift.Expectation) drift.Resource {
	return drift.Resource{AWS: json.RawMessage(`{"region":"eu-central-1"}`), Type: "AWS::SQS::Queue", Identifier: "https://sqs.eu-central-1.amazonaws.com/123456789012/orders", Paths: paths}
}

func lookedAt(t *testing.T, r drift.Resource, content drift.Content) drift.Report {
	t.Helper()
	return drift.Assess(history(t, adopted()...), drift.Seen{
		Observation: target.Observation{Known: true, Baseline: arm(payload("1.1.0", "a"), 100)},
		Resources:   map[string]drift.Content{"orders": content},
	}, drift.Check{Resources: map[string]drift.Resource{"orders": r}}, now)
}

func unordered(text string) drift.Expectation {
	e := equals(text)
	e.Unordered = true
	return e
}

// Only declared properties are compared, by what they say.
func TestPropertiesOfResources(t *testing.T) {
	const tags = `[{"Key":"team","Value":"payments"},{"Key":"env","Value":"production"}]`
	body := fmt.Sprintf(`{"VisibilityTimeout":30,"FifoQueue":false,"RedrivePolicy":"{\"maxReceiveCount\": 5, \"deadLetterTargetArn\": \"arn\"}","Tags":%s,"Key":"s3cret"}`, tags)
	other := `[{"Key":"env","Value":"production"},{"Key":"team","Value":"payments"}]`
	for name, c := range map[string]struct {
		path string
		e    drift.Expectation
		want []string
	}{
		"a number":             {"VisibilityTimeout", equals("30"), nil},
		"another number":       {"VisibilityTimeout", equals("31"), []string{"changed medium orders.VisibilityTimeout: expected 31, observed 30"}},
		"a policy as text":     {"RedrivePolicy", equals(`{"deadLetterTargetArn":"arn","maxReceiveCount":5}`), nil},
		"not set":              {"KmsMasterKeyId", equals("null"), nil},
		"set where not wanted": {"VisibilityTimeout", equals("null"), []string{"changed medium orders.VisibilityTimeout: expected null, observed 30"}},
		"missing":              {"KmsMasterKeyId", equals("alias/orders"), []string{`missing medium orders.KmsMasterKeyId: expected "alias/orders", observed none`}},
		"tags in their order":  {"Tags", equals(tags), nil},
		"tags in any order":    {"Tags", unordered(other), nil},
		"a list by order":      {"Tags", equals(other), []string{"changed medium orders.Tags: expected " + other + ", observed " + tags}},
		"one of a list":        {"Tags.1.Value", equals("production"), nil},
		"a secret":             {"Key", drift.Expectation{SHA256: sum("other")}, []string{"changed medium orders.Key: expected what the hash says, observed another value, which is not shown"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := lookedAt(t, queue(map[string]drift.Expectation{c.path: c.e}), drift.Content{Bytes: []byte(body)})
			if diff := cmp.Diff(append([]string{}, c.want...), lines(r)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if (len(c.want) == 0) != (r.Status == drift.StatusClean) || r.Repairs() {
				t.Errorf("the status is %s, and a repair is planned: %v", r.Status, r.Repairs())
			}
		})
	}
}

// What nobody could read is unknown, and what is surely not there a difference.
func TestAResourceThatCannotBeRead(t *testing.T) {
	q := queue(map[string]drift.Expectation{"VisibilityTimeout": equals("30"), "DelaySeconds": equals("0")})
	for name, c := range map[string]struct {
		content drift.Content
		status  drift.Status
		want    string
	}{
		"throttled": {drift.Content{Err: fmt.Errorf("AWS refused GetResource")}, drift.StatusUnknown, "unknown medium orders: expected readable, observed unknown"},
		"no JSON":   {drift.Content{Bytes: []byte("<html>")}, drift.StatusUnknown, "unknown medium orders: expected readable, observed unknown"},
		"gone":      {drift.Content{Err: fmt.Errorf("%w, in eu-central-1", drift.ErrGone)}, drift.StatusDrifted, "missing medium orders: expected AWS::SQS::Queue https://sqs.eu-central-1.amazonaws.com/123456789012/orders, observed none"},
	} {
		r := lookedAt(t, q, c.content)
		if diff := cmp.Diff([]string{c.want}, lines(r)); diff != "" || r.Status != c.status {
			t.Errorf("%s is %s (-want +got):\n%s", name, r.Status, diff)
		}
	}
}

func TestResourcesThatAreWrong(t *testing.T) {
	paths := map[string]drift.Expectation{"VisibilityTimeout": equals("30")}
	with := func(change func(*drift.Resource)) drift.Resource {
		r := queue(paths)
		change(&r)
		return r
	}
	for want, r := range map[string]drift.Resource{
		`resources["orders"].aws: it does not say where`:                      with(func(r *drift.Resource) { r.AWS = nil }),
		`type: "aws_sqs_queue" is not a type of CloudFormation`:               with(func(r *drift.Resource) { r.Type = "aws_sqs_queue" }),
		`identifier: an identifier has 1 to 1024 characters in one line`:      with(func(r *drift.Resource) { r.Identifier = "a\nb" }),
		`paths: nothing of the resource is declared`:                          with(func(r *drift.Resource) { r.Paths = nil }),
		`paths: "Tags[0]" is not a path`:                                      queue(map[string]drift.Expectation{"Tags[0]": equals("x")}),
		`paths["Tags"].unordered: a hash is of a text, in which order counts`: queue(map[string]drift.Expectation{"Tags": {SHA256: sum("x"), Unordered: true}}),
	} {
		check := drift.Check{Name: "a@b", Release: release.Key{Service: "a", Environment: "b"}, Resources: map[string]drift.Resource{"orders": r}}
		errs := check.Validate()
		if len(errs) != 1 || !strings.Contains(errs.Err().Error(), want) {
			t.Errorf("%v, want %q", errs, want)
		}
	}
}

// A path begins with a name, so no two things have the same.
func TestNamesAreOfOneThing(t *testing.T) {
	check := drift.Check{
		Name: "a@b", Release: release.Key{Service: "a", Environment: "b"},
		Documents:      map[string]drift.Document{"x": {File: "x", SHA256: sum("x")}},
		SecurityGroups: map[string]drift.SecurityGroup{"x": group(rules(), nil), "y": group(rules(), nil), "baseline": group(rules(), nil), "a.b": group(rules(), nil)},
		Resources:      map[string]drift.Resource{"y": queue(map[string]drift.Expectation{"a": equals("1")})},
	}
	var got []string
	for _, e := range check.Validate() {
		got = append(got, e.Error())
	}
	text := strings.Join(got, "\n")
	for _, want := range []string{
		`security_groups: the name "x" is that of a document`, `resources: the name "y" is that of a security group`,
		`security_groups: the name "baseline" is that of a part of the target`, `security_groups: "a.b" is not a name of a security group`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%s does not say %q", text, want)
		}
	}
	if len(got) != 4 {
		t.Errorf("%q", got)
	}
	for attribute, check := range map[string]drift.Check{
		"101 security groups": {SecurityGroups: many(drift.MaxGroups+1, group(rules(), nil))},
		"201 resources":       {Resources: many(drift.MaxResources+1, queue(map[string]drift.Expectation{"a": equals("1")}))},
	} {
		check.Name, check.Release = "a@b", release.Key{Service: "a", Environment: "b"}
		if errs := check.Validate(); len(errs) != 1 || !strings.Contains(errs.Err().Error(), "there are "+attribute) {
			t.Errorf("%s: %v", attribute, errs)
		}
	}
}

func many[V any](n int, v V) map[string]V {
	out := map[string]V{}
	for i := range n {
		out[fmt.Sprint("n", i)] = v
	}
	return out
}
