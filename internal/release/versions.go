package release

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// Versions are the labels under which artifacts of a service were ever released or
// adopted, by digest, whatever the environment. A digest with two has the newer one. It is
// one query of the ledger, and its error is the ledger's.
func Versions(ctx context.Context, l ledger.Ledger, service string) (map[string]string, error) {
	records, err := l.Query(ctx, ledger.Filter{StreamPrefix: streamPrefix, Kinds: []string{KindOpened, KindAdopted}, Service: service})
	if err != nil {
		return nil, fmt.Errorf("unable to read which versions %s has had: %w", service, err)
	}
	out := map[string]string{}
	for _, rec := range records {
		var b struct {
			Spec struct {
				Payload artifact.Payload `json:"payload"`
			} `json:"spec"`
			Baseline *artifact.Payload `json:"baseline"`
		}
		if err := json.Unmarshal(rec.Body, &b); err != nil {
			return nil, fmt.Errorf("unable to read record %d of %s: %w", rec.Seq, rec.Stream, err)
		}
		list := []artifact.Payload{b.Spec.Payload}
		if b.Baseline != nil {
			list = append(list, *b.Baseline)
		}
		// The newest come first.
		for _, p := range list {
			if digest := p.Digest(); digest != "" && p.Version != "" && out[digest] == "" {
				out[digest] = p.Version
			}
		}
	}
	return out, nil
}
