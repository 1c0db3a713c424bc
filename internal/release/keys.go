package release

import (
	"context"
	"strings"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// Keys lists the releases that the ledger has heard of, in the order of names: of
// one service, or of all where it is empty. A release over many targets is listed
// with its parts.
func Keys(ctx context.Context, l ledger.Ledger, service string) ([]Key, error) {
	prefix := streamPrefix
	if service != "" {
		prefix += service + "/"
	}
	heads, err := l.Heads(ctx, prefix)
	if err != nil {
		return nil, err
	}
	keys := make([]Key, 0, len(heads))
	for _, h := range heads {
		key, err := ParseKey(strings.TrimPrefix(h.Stream, streamPrefix))
		if err != nil {
			return nil, &ledger.CorruptError{Stream: h.Stream, Seq: h.Seq, Reason: "its stream is not a release's", Err: err}
		}
		keys = append(keys, key)
	}
	return keys, nil
}
