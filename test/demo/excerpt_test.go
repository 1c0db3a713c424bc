package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// said is what Terraform writes for a plan with a warning, colours and all.
const said = "\x1b[1mTerraform will perform the following actions:\x1b[0m\n" + `
  # sluice_environment.production will be created
  + resource "sluice_environment" "production" {
      + name = "production"
    }

  # sluice_release.checkout will be updated in-place
  ~ resource "sluice_release" "checkout" {
      ~ artifact = {
          ~ version = "1.0.0" -> "1.1.0"
        }
    }

Plan: 1 to add, 1 to change, 0 to destroy.
╷
│ ` + "\x1b[33mWarning: \x1b[0m" + `checkout 1.1.0 can start in production now
│ 
│   window      pass
│   hold        pass
╵
╷
│ Error: Unable to release
│ 
│ It is
│ frozen.
╵
`

func TestBoxes(t *testing.T) {
	text := plainText(said)
	want := []string{"Warning: checkout 1.1.0 can start in production now\n\n  window      pass\n  hold        pass"}
	if diff := cmp.Diff(want, boxes(text, "Warning")); diff != "" {
		t.Errorf("the warnings (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"Error: Unable to release\n\nIt is\nfrozen."}, boxes(text, "Error")); diff != "" {
		t.Errorf("the errors (-want +got):\n%s", diff)
	}
	if got := boxes("Warning: nothing has a frame here\n", "Warning"); got != nil {
		t.Errorf("without a frame there is %q", got)
	}
}

func TestChange(t *testing.T) {
	text := plainText(said)
	want := `  # sluice_release.checkout will be updated in-place
  ~ resource "sluice_release" "checkout" {
      ~ artifact = {
          ~ version = "1.0.0" -> "1.1.0"
        }
    }`
	if diff := cmp.Diff(want, change(text, "sluice_release.checkout")); diff != "" {
		t.Errorf("the change (-want +got):\n%s", diff)
	}
	for _, address := range []string{"sluice_release.check", "sluice_drift_check.checkout"} {
		if got := change(text, address); got != "" {
			t.Errorf("%s has the change %q", address, got)
		}
	}
	if got := summary(text); got != "Plan: 1 to add, 1 to change, 0 to destroy." {
		t.Errorf("the summary is %q", got)
	}
}

func TestOnly(t *testing.T) {
	diff := `  # sluice_release.checkout will be updated in-place
  ~ resource "sluice_release" "checkout" {
      ~ artifact = {
          ~ version = "1.0.0" -> "1.1.0"
        }
        id       = "checkout/production"
      ~ serving  = {
          ~ weight = 100 -> (known after apply)
        } -> (known after apply)
      + steps    = [
          + "1.1.0 at 100 %",
        ]
        # (8 unchanged attributes hidden)
    }`
	want := `  # sluice_release.checkout will be updated in-place
  ~ resource "sluice_release" "checkout" {
      ~ artifact = {
          ~ version = "1.0.0" -> "1.1.0"
        }
      + steps    = [
          + "1.1.0 at 100 %",
        ]
        # (8 unchanged attributes hidden)
        # (and what only the rollout will tell)
    }`
	if diff := cmp.Diff(want, only(diff, "artifact", "steps")); diff != "" {
		t.Errorf("what is kept (-want +got):\n%s", diff)
	}
	if got := only(diff, "artifact", "id", "serving", "steps"); got != diff {
		t.Errorf("with all of them kept it is:\n%s", got)
	}
}

func TestEnded(t *testing.T) {
	const line = "Apply complete! Resources: 1 added, 0 changed, 0 destroyed."
	if got := ended("one\n" + line + "\n\nOutputs:\n"); got != line {
		t.Errorf("an apply ends with %q", got)
	}
	if got := ended("Error: no\n"); got != "" {
		t.Errorf("a failed apply ends with %q", got)
	}
}

func TestShortened(t *testing.T) {
	long := "lab/checkout@sha256:" + strings.Repeat("0123456789abcdef", 4) + "\""
	if got, want := shortened(long), "lab/checkout@sha256:0123456789ab...\""; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := shortened("sha256:0123"); got != "sha256:0123" {
		t.Errorf("what is no digest became %q", got)
	}
}

func TestContainsAll(t *testing.T) {
	text := "  window      fail   freeze until\n  Monday"
	cases := []struct {
		parts []string
		want  string
	}{
		{[]string{"window fail", "freeze until Monday"}, ""},
		{[]string{"window fail", "hold pass", "Monday"}, "hold pass"},
		{nil, ""},
	}
	for _, c := range cases {
		if got := containsAll(text, c.parts...); got != c.want {
			t.Errorf("of %q it lacks %q, want %q", c.parts, got, c.want)
		}
	}
}
