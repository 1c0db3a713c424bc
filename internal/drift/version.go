package drift

import (
	"context"
	"strings"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// versionsOf are the labels that a release's record, and the check, have for artifacts, by
// digest. A digest that was released under two has the newer one. The history may be nil.
func versionsOf(h *release.History, check Check) map[string]string {
	out := map[string]string{}
	put := func(a artifact.Artifact) {
		if digest := a.Digest(); digest != "" && a.Version != "" {
			out[digest] = a.Version
		}
	}
	for _, i := range check.Images {
		if i.Artifact != nil {
			put(*i.Artifact)
		}
	}
	if h == nil {
		return out
	}
	for _, r := range h.Rollouts {
		if r.Baseline != nil {
			put(r.Baseline.Artifact)
		}
		put(r.Spec.Payload.Artifact)
	}
	for _, p := range h.Succeeded {
		put(p.Artifact)
	}
	return out
}

// label puts the versions of digests to the findings that have none yet.
func (r *Report) label(versions map[string]string) {
	for f := range r.findings {
		if f.ExpectedVersion == "" {
			f.ExpectedVersion = versionOf(f.Expected, versions)
		}
		if f.ObservedVersion == "" {
			f.ObservedVersion = versionOf(f.Observed, versions)
		}
	}
}

// findings gives each finding, wherever it was sorted to.
func (r *Report) findings(yield func(*Finding) bool) {
	for i := range r.Differences {
		if !yield(&r.Differences[i]) {
			return
		}
	}
	for i := range r.Ignored {
		if !yield(&r.Ignored[i].Finding) {
			return
		}
	}
	for i := range r.Accepted {
		if !yield(&r.Accepted[i].Finding) {
			return
		}
	}
}

// versionOf is the version of the digest that a value is, and empty for any other value.
// Of several digests, as of an image, those without a version are named by themselves.
func versionOf(value string, versions map[string]string) string {
	var names []string
	known := false
	for digest := range strings.SplitSeq(value, ", ") {
		version := versions[digest]
		known = known || version != ""
		if version == "" {
			version = artifact.Short(digest)
		}
		names = append(names, version)
	}
	if !known {
		return ""
	}
	return strings.Join(names, ", ")
}

// unlabelled says whether a digest has no version yet.
func (r *Report) unlabelled() bool {
	for f := range r.findings {
		for value, version := range map[string]string{f.Expected: f.ExpectedVersion, f.Observed: f.ObservedVersion} {
			if strings.HasPrefix(value, "sha256:") && version == "" {
				return true
			}
		}
	}
	return false
}

// name asks for the versions of digests that the release itself has not had, such as of
// an artifact that was released to another environment. They are for people: a report
// stands without them, so one that cannot be asked for is left out.
func (l Looker) name(ctx context.Context, check Check, r Report) Report {
	if l.Versions == nil || !r.unlabelled() {
		return r
	}
	if versions, err := l.Versions(ctx, check.Release.Service); err == nil {
		r.label(versions)
	}
	return r
}

// labelled is a value with its version behind it.
func labelled(value, version string) string {
	if version == "" {
		return value
	}
	return value + " (" + version + ")"
}
