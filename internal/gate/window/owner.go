package window

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"

	"github.com/sluice/terraform-provider-sluice/internal/calendar"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// WithOwner adds what the ledger declares of a service where the subject does not
// say who owns it, so that a central team's window holds for releases that name
// nothing. What the subject says goes before. A service that cannot be read is an
// error, since a window may ask for its team.
func WithOwner(ctx context.Context, l ledger.Ledger, s calendar.Subject) (calendar.Subject, error) {
	if s.Team != "" || s.Service == "" {
		return s, nil
	}
	o, err := ledger.GetObject(ctx, l, release.ServiceKind, s.Service)
	if errors.Is(err, ledger.ErrNotFound) || errors.Is(err, ledger.ErrInvalid) {
		return s, nil
	}
	var declared release.Service
	if err == nil {
		dec := json.NewDecoder(bytes.NewReader(o.Content))
		dec.DisallowUnknownFields()
		err = dec.Decode(&declared)
	}
	if err != nil {
		return s, fmt.Errorf("unable to read the declared service %q: %w", s.Service, err)
	}
	s.Team = declared.Team
	labels := maps.Clone(declared.Labels)
	if labels == nil {
		labels = map[string]string{}
	}
	maps.Copy(labels, s.Labels)
	s.Labels = labels
	return s, nil
}
