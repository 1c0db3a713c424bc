package observed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/artifact/ecr"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/drift"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// Images implements drift.Cloud. Of tasks it takes two calls for each hundred, of an
// alias one and one more for each version behind it. ECR is asked where a tag is
// declared, and where something else runs, which may be the image of one platform.
func (r Reader) Images(ctx context.Context, of release.Key, images map[string]drift.Image) map[string]drift.SeenImage {
	at := r.places(of)
	return each(ctx, images, func(ctx context.Context, d drift.Image) drift.SeenImage {
		s, err := at.session(d.AWS)
		if err != nil {
			return drift.SeenImage{Err: err, TagErr: err}
		}
		out := drift.SeenImage{}
		runs := runningTasks
		if d.Lambda != nil {
			runs = runningVersions
		}
		if out.Running, out.Err = runs(ctx, s, d); out.Err == nil && !only(out.Running, d.Artifact.Digest()) {
			out.Platforms, out.Err = at.platforms(ctx, d)
		}
		if d.Tag != "" {
			out.Tagged, out.TagErr = at.tagged(ctx, d)
		}
		return out
	})
}

// only says whether nothing but the digest runs.
func only(running []drift.Running, digest string) bool {
	return !slices.ContainsFunc(running, func(r drift.Running) bool { return r.Digest != digest })
}

// count gives the digests in their order, with how many of all run each.
func count(digests map[string]int, what string) []drift.Running {
	total := 0
	for _, n := range digests {
		total += n
	}
	var out []drift.Running
	for _, digest := range slices.Sorted(maps.Keys(digests)) {
		out = append(out, drift.Running{Digest: digest, Where: fmt.Sprintf("%d of %d %s", digests[digest], total, what)})
	}
	return out
}

// platforms are the digests of the images of an index. Of a reference that is none of
// ECR's there is nobody to ask.
func (p *places) platforms(ctx context.Context, d drift.Image) ([]string, error) {
	r, s, err := p.registry(d, ecr.Query{Digest: d.Artifact.Digest()})
	if r == nil || err != nil {
		return nil, err
	}
	out, err := r.Platforms(ctx)
	if err != nil {
		return nil, fmt.Errorf("something else runs than %s, and whether that is its image for one platform nobody can tell: %w", artifact.Short(d.Artifact.Digest()), refused(ctx, s, err))
	}
	return out, nil
}

// tagged is what the declared tag names.
func (p *places) tagged(ctx context.Context, d drift.Image) (string, error) {
	r, s, err := p.registry(d, ecr.Query{Tag: d.Tagging()})
	switch {
	case err != nil:
		return "", err
	case r == nil:
		return "", notECR(d.Artifact.Reference)
	}
	out, err := r.TagNames(ctx)
	if err != nil {
		return "", refused(ctx, s, err)
	}
	return out, nil
}

// refused is an error of ECR's, or of the repository that the reference names.
func refused(ctx context.Context, s *awscloud.Session, err error) error {
	var wrong field.Errors
	if errors.As(err, &wrong) {
		return wrong
	}
	return failed(ctx, s, "ECR", err)
}

func notECR(reference string) error {
	name, _, _ := strings.Cut(reference, "@")
	return fmt.Errorf("the artifact's reference %q names no private registry of ECR, so nobody can be asked what a tag names; leave the tag out, or name an image in ECR, for example artifact = data.sluice_ecr_artifact.proxy.artifact", name)
}

// registry is where the artifact's reference says, by the right of the place. It is nil
// for a reference of another registry.
func (p *places) registry(d drift.Image, q ecr.Query) (*ecr.Registry, *awscloud.Session, error) {
	place, ok := ecr.PlaceOf(d.Artifact.Reference)
	if !ok {
		return nil, nil, nil
	}
	runtime, err := p.session(d.AWS)
	if err != nil {
		return nil, nil, err
	}
	q.Settings, q.RegistryID, q.Repository = runtime.Settings(), place.RegistryID, place.Repository
	q.Region = place.Region
	if !runtime.Emulated() {
		q.Endpoint = "" // It is the runtime's alone.
	}
	raw, err := json.Marshal(q.Settings)
	if err != nil {
		return nil, nil, err
	}
	s, err := p.session(raw)
	if err != nil {
		return nil, nil, err
	}
	r, err := ecr.New(q, ecr.Deps{Session: s})
	return r, s, err
}
