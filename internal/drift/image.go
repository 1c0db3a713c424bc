package drift

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/pattern"
)

// Image is something of AWS that runs an image, or a package, which must be the
// artifact's: the tasks of a service, or the versions behind an alias.
type Image struct {
	// AWS says where it is and by whose right it is read: awscloud.Settings. It is
	// checked by whoever reads.
	AWS json.RawMessage `json:"aws"`
	// ECS or Lambda says what runs; exactly one is set.
	ECS    *ECSTasks    `json:"ecs,omitempty"`
	Lambda *LambdaAlias `json:"lambda,omitempty"`
	// Artifact is what should run; nil means what the ledger says should serve. One
	// that is given does not depend on the release, as that of a sidecar.
	Artifact *artifact.Artifact `json:"artifact,omitempty"`
	// Tag must still name the artifact's digest in ECR; empty is not looked at.
	// VersionInTag stands for the artifact's version.
	Tag string `json:"tag,omitempty"`
}

// ECSTasks are the running tasks of a service of Amazon ECS.
type ECSTasks struct {
	Cluster string `json:"cluster"`
	Service string `json:"service"`
	// Container is whose image is compared; empty where tasks have one only.
	Container string `json:"container,omitempty"`
}

// LambdaAlias are the versions of a function that an alias sends requests to.
type LambdaAlias struct {
	Function string `json:"function"`
	Alias    string `json:"alias"`
}

// SeenImage is what reading gave: what runs, or why nobody can tell. What is not there
// at all is ErrGone.
type SeenImage struct {
	Running []Running
	// Platforms are digests that stand for the artifact's own: those of the images of an
	// index.
	Platforms []string
	Err       error
	// Tagged is what the tag names, empty for nothing; TagErr is why nobody can tell.
	Tagged string
	TagErr error
}

// Running is one digest that runs, and where: "2 of 3 tasks".
type Running struct{ Digest, Where string }

// MaxImages is how many images a check may have.
const MaxImages = 100

// VersionInTag stands for the artifact's version in a tag.
const VersionInTag = "{version}"

var (
	ecsName      = pattern.New(`^[a-zA-Z0-9_-]{1,255}$`)
	functionName = pattern.New(`^[a-zA-Z0-9_-]{1,64}$`)
	aliasName    = pattern.New(`^[a-zA-Z0-9_-]{1,128}$`)
	imageTag     = pattern.New(`^[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127}$`)
)

func (i Image) validate() field.Errors {
	var errs field.Errors
	if len(i.AWS) == 0 {
		errs = append(errs, field.Error{Path: "aws", Msg: "it does not say where the image runs; for example aws = { region = \"eu-central-1\" }"})
	}
	name := func(path, what, value, example string, allowed pattern.Pattern) {
		if !allowed.MatchString(value) {
			errs = append(errs, field.Error{Path: path, Msg: fmt.Sprintf("%.80q is not the name of %s: letters, digits, - and _, without account and region; for example %q", value, what, example)})
		}
	}
	if (i.ECS == nil) == (i.Lambda == nil) {
		errs = append(errs, field.Error{Msg: "exactly one of ecs and lambda says what runs the image; for example ecs = { cluster = \"production\", service = \"checkout\" }"})
	}
	if i.ECS != nil {
		name("ecs.cluster", "a cluster", i.ECS.Cluster, "production", ecsName)
		name("ecs.service", "a service", i.ECS.Service, "checkout", ecsName)
		if i.ECS.Container != "" {
			name("ecs.container", "a container", i.ECS.Container, "app", ecsName)
		}
	}
	if i.Lambda != nil {
		name("lambda.function", "a function", i.Lambda.Function, "checkout", functionName)
		name("lambda.alias", "an alias", i.Lambda.Alias, "live", aliasName)
	}
	if i.Artifact != nil {
		errs = append(errs, i.Artifact.Validate().Under("artifact")...)
	}
	if i.Tag != "" && !imageTag.MatchString(strings.ReplaceAll(i.Tag, VersionInTag, "1")) {
		errs = append(errs, field.Error{Path: "tag", Msg: fmt.Sprintf("%.140q is not a tag: 1 to 128 letters, digits, and . _ - behind the first, in which %s stands for the artifact's version; for example \"v%s\"", i.Tag, VersionInTag, VersionInTag)})
	}
	return errs
}

// Tagging is the tag with the artifact's version filled in.
func (i Image) Tagging() string {
	if i.Artifact == nil {
		return i.Tag
	}
	return strings.ReplaceAll(i.Tag, VersionInTag, i.Artifact.Version)
}

// Images are those of the check that can be compared, each with what should run: all
// of them where the ledger says what should serve, and else those that say it
// themselves, since a rollout moves the others.
func (c Check) images(expected Expected, settled bool) map[string]Image {
	out := map[string]Image{}
	for name, i := range c.Images {
		switch {
		case i.Artifact != nil:
		case settled:
			i.Artifact = &expected.Payload.Artifact
		default:
			continue
		}
		out[name] = i
	}
	return out
}

// compare holds what runs against the artifact. What cannot be read is one unknown
// difference, and so is a tag that cannot be.
func (i Image) compare(name string, seen SeenImage) []Finding {
	want := i.Artifact.Digest()
	var out []Finding
	other, all := i.other(seen)
	switch {
	case seen.Err != nil:
		out = append(out, notThere(name, i.where(), seen.Err))
	case len(seen.Running) == 0:
		out = append(out, imageFinding(KindMissing, name+".digest", want, None, "nothing of it runs"))
	case len(other) > 0:
		out = append(out, imageFinding(KindChanged, name+".digest", want, strings.Join(other, ", "), strings.Join(all, ", ")))
	}
	return append(out, i.compareTag(name+".tag", want, seen)...)
}

// other gives the digests that run and should not, and where they run.
func (i Image) other(seen SeenImage) (digests, where []string) {
	for _, r := range seen.Running {
		if r.Digest != i.Artifact.Digest() && !slices.Contains(seen.Platforms, r.Digest) {
			digests, where = append(digests, r.Digest), append(where, artifact.Short(r.Digest)+" in "+r.Where)
		}
	}
	slices.Sort(digests)
	return digests, where
}

// compareTag is for information: a tag that was moved changes nothing of what runs. So
// it is of low severity, unless the author says otherwise.
func (i Image) compareTag(path, want string, seen SeenImage) []Finding {
	var f Finding
	switch tag := i.Tagging(); {
	case tag == "" || seen.TagErr == nil && seen.Tagged == want:
		return nil
	case seen.TagErr != nil:
		f = unreadable(path, seen.TagErr)
	case seen.Tagged == "":
		f = imageFinding(KindMissing, path, want, None, "the tag "+tag+" is gone")
	default:
		f = imageFinding(KindChanged, path, want, seen.Tagged, "the tag "+tag+" was moved")
	}
	f.Severity = SeverityLow
	return []Finding{f}
}

// where is what runs the image, for people.
func (i Image) where() string {
	if i.Lambda != nil {
		return "the alias " + i.Lambda.Alias + " of " + i.Lambda.Function
	}
	return "the service " + i.ECS.Service + " in " + i.ECS.Cluster
}

func imageFinding(kind Kind, path, expected, observed, note string) Finding {
	return Finding{Difference: Difference{Path: path, Expected: expected, Observed: observed}, Kind: kind, Note: note, Digest: hash(observed), digest: hash(observed)}
}
