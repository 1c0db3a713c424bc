package observed_test

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/artifact/ecr/ecrtest"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud/awstest"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud/observed"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud/observed/observedtest"
	"github.com/sluice/terraform-provider-sluice/internal/drift"
	"github.com/sluice/terraform-provider-sluice/internal/target/lambda/lambdatest"
)

func digest(digit string) string { return "sha256:" + strings.Repeat(digit, 64) }

// inTasks is an image of the service's, and inAlias one of the alias's.
func inTasks(endpoint, reference string) drift.Image {
	return drift.Image{AWS: at(endpoint), ECS: &drift.ECSTasks{Cluster: "production", Service: "checkout"}, Artifact: &artifact.Artifact{Version: "1.1.0", Reference: reference}}
}

func readImage(t *testing.T, i drift.Image) drift.SeenImage {
	t.Helper()
	return observed.Reader{Actor: "ci@acme"}.Images(t.Context(), key, map[string]drift.Image{"app": i})["app"]
}

// where gives what runs as lines.
func where(s drift.SeenImage) []string {
	var out []string
	for _, r := range s.Running {
		out = append(out, artifact.Short(r.Digest)[:1]+" in "+r.Where)
	}
	return out
}

// Every running task counts, on all pages, and no other.
func TestTasksAreRead(t *testing.T) {
	awstest.Credentials(t)
	s := observedtest.NewTasks(t, digest("a"), digest("b"), digest("a"), digest("a"))
	s.Pages = 3
	s.Running = append(s.Running, observedtest.Task{Status: "PENDING", Containers: map[string]string{"app": ""}}, observedtest.Task{Missing: true})
	got := readImage(t, inTasks(s.URL, "registry.example/checkout@"+digest("a")))
	if diff := cmp.Diff([]string{"a in 3 of 4 tasks", "b in 1 of 4 tasks"}, where(got)); diff != "" || got.Err != nil {
		t.Errorf("%v (-want +got):\n%s", got.Err, diff)
	}
	if s.Calls["ListTasks"] != 2 || s.Calls["DescribeTasks"] != 2 {
		t.Errorf("%v", s.Calls)
	}
	s.Running = nil
	if got := readImage(t, inTasks(s.URL, "x@"+digest("a"))); got.Err != nil || len(got.Running) != 0 {
		t.Errorf("without tasks: %+v", got)
	}
	for range 21 {
		s.Running = append(s.Running, observedtest.Task{Containers: map[string]string{"app": digest("a")}})
	}
	s.Pages = 1
	if got := readImage(t, inTasks(s.URL, "x@"+digest("a"))); got.Err == nil || !strings.Contains(got.Err.Error(), "more than 2000 tasks") {
		t.Errorf("pages without end: %v", got.Err)
	}
}

// Whose image it is must be certain.
func TestContainersOfTasks(t *testing.T) {
	awstest.Credentials(t)
	s := observedtest.NewTasks(t)
	s.Running = []observedtest.Task{{Containers: map[string]string{"app": digest("a"), "proxy": digest("f"), "old": ""}}}
	for container, want := range map[string]string{
		"proxy": "", "": "the tasks have several containers", "web": "the tasks have no container web; name one of", "old": "ECS does not tell the digest of the image that container old of arn:",
	} {
		i := inTasks(s.URL, "x@"+digest("f"))
		i.ECS.Container = container
		switch got := readImage(t, i); {
		case want == "" && (got.Err != nil || !cmp.Equal(where(got), []string{"f in 1 of 1 tasks"})):
			t.Errorf("%s: %+v", container, got)
		case want != "" && (got.Err == nil || !strings.Contains(got.Err.Error(), want)):
			t.Errorf("%s: %v, want %q", container, got.Err, want)
		}
	}
}

// An alias sends requests to one version or to two, of images or of packages.
func TestVersionsAreRead(t *testing.T) {
	awstest.Credentials(t)
	image := lambdatest.Code{Sha256: strings.Repeat("a", 64), Image: ecrtest.URI + "@" + digest("a")}
	s := lambdatest.New(t, "live", image)
	i := drift.Image{AWS: at(s.URL), Lambda: &drift.LambdaAlias{Function: "checkout", Alias: "live"}, Artifact: &artifact.Artifact{Version: "1", Reference: "x@" + digest("a")}}
	if got := readImage(t, i); got.Err != nil || !cmp.Equal(where(got), []string{"a in version 1"}) {
		t.Errorf("%+v", got)
	}
	i.Lambda.Alias = "old"
	if got := readImage(t, i); !errors.Is(got.Err, drift.ErrGone) || !strings.Contains(got.Err.Error(), "look at the function, the alias, the region and the account") {
		t.Errorf("an alias that is not there: %v", got.Err)
	}
	i.Lambda.Alias = "live"
	sum, err := base64.StdEncoding.DecodeString(strings.Repeat("u7u7", 10) + "u7s=") // 32 times 0xbb.
	if err != nil || len(sum) != 32 {
		t.Fatal(err)
	}
	s.Change(func(f *lambdatest.Function) {
		f.Latest.Code = lambdatest.Code{Sha256: base64.StdEncoding.EncodeToString(sum)}
		f.Route(f.Alias.Version, map[string]float64{f.Publish(""): 0.1})
	})
	if got := readImage(t, i); got.Err != nil || !cmp.Equal(where(got), []string{"a in version 1", "b in version 2"}) {
		t.Errorf("two versions, one of them a package: %+v", got)
	}
	s.Faults(func(operation string) awstest.Fault {
		if operation == "GetFunction" {
			return awstest.Fault{Status: http.StatusForbidden, Code: "AccessDeniedException"}
		}
		return awstest.Fault{}
	})
	if got := readImage(t, i); got.Err == nil || !strings.Contains(got.Err.Error(), "may not do lambda:GetFunction") {
		t.Errorf("denied: %v", got.Err)
	}
}

// An index stands for its platforms; ECR is asked only where something else runs.
func TestPlatformsOfAnIndex(t *testing.T) {
	awstest.Credentials(t)
	r := ecrtest.NewServer(t)
	var m ecrtest.Manifest
	m.SchemaVersion, m.MediaType = 2, ecrtest.IndexType
	arm := r.Push(ecrtest.Image("arm64"))
	m.Manifests = []ecrtest.Descriptor{{MediaType: ecrtest.ImageType, Digest: arm, Platform: map[string]string{"os": "linux", "architecture": "arm64"}}}
	index := r.Push(m, "1.1.0")
	s := observedtest.NewTasks(t, index)
	s.Registry = r.URL
	if got := readImage(t, inTasks(s.URL, ecrtest.URI+"@"+index)); got.Err != nil || len(r.Calls) != 0 {
		t.Errorf("the index itself: %+v after %v", got, r.Calls)
	}
	s.Running = []observedtest.Task{{Containers: map[string]string{"app": arm}}}
	if got := readImage(t, inTasks(s.URL, ecrtest.URI+"@"+index)); got.Err != nil || !cmp.Equal(got.Platforms, []string{arm}) {
		t.Errorf("a platform: %+v", got)
	}
	if got := readImage(t, inTasks(s.URL, ecrtest.URI+"@"+digest("d"))); got.Err != nil || len(got.Platforms) != 0 {
		t.Errorf("an image that ECR has not: %+v", got)
	}
	if got := readImage(t, inTasks(s.URL, ecrtest.URI+"s@"+index)); got.Err == nil || !strings.Contains(got.Err.Error(), "something else runs than "+artifact.Short(index)+", and whether that is its image for one platform nobody can tell: ") || !strings.Contains(got.Err.Error(), "there is no repository acme/checkouts") {
		t.Errorf("a repository that is not there: %v", got.Err)
	}
	r.Faults(func(operation string) awstest.Fault {
		return awstest.Fault{Status: http.StatusBadRequest, Code: "AccessDeniedException"}
	})
	if got := readImage(t, inTasks(s.URL, ecrtest.URI+"@"+index)); got.Err == nil || !strings.Contains(got.Err.Error(), "may not do ecr:DescribeImages") {
		t.Errorf("denied: %v", got.Err)
	}
}

// A tag is read where it is declared, in the registry that the reference names.
func TestTagsAreRead(t *testing.T) {
	awstest.Credentials(t)
	r := ecrtest.NewServer(t)
	first := r.Push(ecrtest.Image("first"), "v1.1.0")
	s := observedtest.NewTasks(t, first)
	s.Registry = r.URL
	i := inTasks(s.URL, ecrtest.URI+"@"+first)
	i.Tag = "v{version}"
	if got := readImage(t, i); got.Err != nil || got.TagErr != nil || got.Tagged != first {
		t.Errorf("%+v", got)
	}
	second := r.Push(ecrtest.Image("second"), "v1.1.0")
	if got := readImage(t, i); got.TagErr != nil || got.Tagged != second {
		t.Errorf("one that was moved: %+v", got)
	}
	i.Tag = "gone"
	if got := readImage(t, i); got.TagErr != nil || got.Tagged != "" {
		t.Errorf("one that is gone: %+v", got)
	}
	i.Artifact.Reference = "registry.example/checkout@" + first
	if got := readImage(t, i); got.Err != nil || got.TagErr == nil || !strings.Contains(got.TagErr.Error(), `"registry.example/checkout" names no private registry of ECR`) {
		t.Errorf("another registry: %+v", got)
	}
	text := observed.Validate(drift.Check{Images: map[string]drift.Image{"app": i}}).Err().Error()
	if !strings.Contains(text, `images["app"].tag: the artifact's reference "registry.example/checkout"`) {
		t.Errorf("at plan: %s", text)
	}
}

// Whatever goes wrong has its name, and is never taken for a service that is gone, nor
// for one without tasks.
func TestTasksThatCannotBeRead(t *testing.T) {
	awstest.Credentials(t)
	for _, c := range []struct{ call, code, says string }{
		{"ListTasks", "ThrottlingException", "AWS refused ListTasks for the number of calls"},
		{"ListTasks", "AccessDeniedException", "may not do ecs:ListTasks; allow ecs:ListTasks"},
		{"ListTasks", "ExpiredTokenException", "AWS does not take the credentials; give new ones"},
		{"ListTasks", "InvalidParameterException", "AWS refuses what ListTasks asked for"},
		{"DescribeTasks", "AccessDeniedException", "may not do ecs:DescribeTasks; allow ecs:DescribeTasks"},
	} {
		t.Run(c.code+" of "+c.call, func(t *testing.T) {
			t.Parallel() // One is tried again, after a while.
			s := observedtest.NewTasks(t, digest("a"))
			s.Faults(func(operation string) awstest.Fault {
				if operation != c.call {
					return awstest.Fault{}
				}
				return awstest.Fault{Status: http.StatusBadRequest, Code: c.code}
			})
			if got := readImage(t, inTasks(s.URL, "x@"+digest("a"))); got.Err == nil || errors.Is(got.Err, drift.ErrGone) || !strings.Contains(got.Err.Error(), c.says) {
				t.Errorf("%v, want %q", got.Err, c.says)
			}
		})
	}
	s := observedtest.NewTasks(t, digest("a"))
	for _, change := range []func(*drift.ECSTasks){func(e *drift.ECSTasks) { e.Cluster = "staging" }, func(e *drift.ECSTasks) { e.Service = "cart" }} {
		i := inTasks(s.URL, "x@"+digest("a"))
		change(i.ECS)
		if got := readImage(t, i); !errors.Is(got.Err, drift.ErrGone) || !strings.Contains(got.Err.Error(), "look at the cluster, the service, the region and the account") {
			t.Errorf("%+v: %v", i.ECS, got.Err)
		}
	}
}
