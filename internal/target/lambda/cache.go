package lambda

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// fresh is how long a version that runs is taken for what it was. A published version
// never changes; only whether it runs does, and one that does stops after weeks
// without requests, or when somebody deletes it, which Lambda forbids while the alias
// gives it a share. So that is looked at now and then, and before each change.
const fresh = 5 * time.Minute

// remembered is a version as it was read.
type remembered struct {
	version
	at time.Time
}

// known is version for those who only look: it asks Lambda once in a while.
func (t *Target) known(ctx context.Context, number string) (*version, error) {
	t.mu.Lock()
	r, ok := t.versions[number]
	t.mu.Unlock()
	if ok && t.clock.Now().Sub(r.at) < fresh {
		v := r.version
		return &v, nil
	}
	return t.version(ctx, number)
}

// remember keeps a version that runs, and forgets one that does not, or is gone (nil).
func (t *Target) remember(number string, v *version) {
	if number == latest {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if v == nil || v.config.State != types.StateActive || v.config.LastUpdateStatus == types.LastUpdateStatusInProgress || v.config.LastUpdateStatus == types.LastUpdateStatusFailed {
		delete(t.versions, number)
		return
	}
	if t.versions == nil {
		t.versions = map[string]remembered{}
	}
	t.versions[number] = remembered{version: *v, at: t.clock.Now()}
}
