package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// digests asks a registry that anybody may read for those of an image's tags.
func digests(ctx context.Context, registry, repository string, tags []string) ([]string, error) {
	client := &http.Client{Timeout: 30 * time.Second}
	ask := func(method, path, token string) (*http.Response, error) {
		r, err := http.NewRequestWithContext(ctx, method, registry+path, nil)
		if err != nil {
			return nil, err
		}
		r.Header.Set("Accept", "application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json")
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		resp, err := client.Do(r)
		if err == nil && resp.StatusCode != http.StatusOK {
			_ = resp.Body.Close() // Its status is what counts.
			err = fmt.Errorf("%s%s: %s", registry, path, resp.Status)
		}
		return resp, err
	}
	resp, err := ask(http.MethodGet, "/token/?service=public.ecr.aws&scope=repository:"+repository+":pull", "")
	if err != nil {
		return nil, fmt.Errorf("the images of the examples cannot be looked up: %w", err)
	}
	var pass struct{ Token string }
	err = json.NewDecoder(resp.Body).Decode(&pass)
	_ = resp.Body.Close() // It was read.
	if err != nil {
		return nil, fmt.Errorf("the images of the examples cannot be looked up: %w", err)
	}
	var out []string
	for _, tag := range tags {
		resp, err := ask(http.MethodHead, "/v2/"+repository+"/manifests/"+tag, pass.Token)
		if err != nil {
			return nil, err
		}
		_ = resp.Body.Close() // A HEAD has none.
		digest := resp.Header.Get("Docker-Content-Digest")
		if digest == "" {
			return nil, fmt.Errorf("%s has no digest for %s:%s", registry, repository, tag)
		}
		out = append(out, digest)
	}
	return out, nil
}
