package agent_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/ledger/s3/s3test"
)

// An agent on S3 drives as one on a file does: the first is told to stop and hands over
// at once, and the second brings the rollout to its end.
func TestAgentsOnS3HandOverAndDriveToTheEnd(t *testing.T) {
	t.Parallel()
	store := s3test.Fake(t)
	w := newWorldOn(t, store.URL(store.Bucket(t), "acme"))
	w.begin(3 * time.Second)
	first := w.agent("first", "1h")
	w.until("the first has moved the weight", func() bool { return w.rollout().Weight == 50 })
	second := w.agent("second", "1h")
	w.until("the second watches", func() bool { return strings.Contains(second.log.String(), "the agent runs") })
	held := w.lease()
	first.tell(t, syscall.SIGTERM)
	if s := first.ended(t, 10*time.Second); s.ExitCode() != 0 {
		t.Errorf("the first ended with %s", s)
	}
	w.wantShipped()
	if w.lease().Fence <= held.Fence {
		t.Error("the second drove under the first one's lease")
	}
}

// renewed hands out credentials as the service does that a container asks, and has the
// store take the newest alone, and the one before while requests are under way.
type renewed struct {
	mu sync.Mutex
	// given counts what was handed out, and used what came to the store.
	given   int
	used    map[int]bool
	refused int
}

// keyID is what a key's id begins with.
const keyID = "AKIARENEWED"

// hand answers an agent that asks for credentials. The SDK renews them five minutes
// before they end.
func (c *renewed) hand(w http.ResponseWriter, _ *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.given++
	_ = json.NewEncoder(w).Encode(map[string]string{
		"AccessKeyId": fmt.Sprintf("%s%d", keyID, c.given), "SecretAccessKey": s3test.SecretKey, "Token": "token-s3cret",
		"Expiration": time.Now().Add(5*time.Minute + time.Second).UTC().Format(time.RFC3339),
	})
}

// look stands before the store.
func (c *renewed) look(w http.ResponseWriter, r *http.Request, next http.Handler) {
	_, id, ours := strings.Cut(r.Header.Get("Authorization"), "Credential="+keyID)
	id, _, _ = strings.Cut(id, "/")
	if n, err := strconv.Atoi(id); ours && err == nil {
		c.mu.Lock()
		c.used[n] = true
		expired := n < c.given-1
		if expired {
			c.refused++
		}
		c.mu.Unlock()
		if expired {
			s3test.Refuse(http.StatusForbidden, "ExpiredToken", "The provided token has expired.")(w, r, next)
			return
		}
	}
	next.ServeHTTP(w, r)
}

// The credentials of a ledger in S3 live for seconds. The agent takes new ones before the
// old end, and drives on without being told.
func TestAnAgentRenewsTheCredentialsOfItsLedger(t *testing.T) {
	t.Parallel()
	store := s3test.Fake(t)
	c := &renewed{used: map[int]bool{}}
	service := httptest.NewServer(http.HandlerFunc(c.hand))
	t.Cleanup(service.Close)
	w := newWorldOn(t, store.URL(store.Bucket(t), "acme"))
	store.Before(c.look)
	w.env = []string{"AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY=", "AWS_CONTAINER_CREDENTIALS_FULL_URI=" + service.URL}
	w.begin(5 * time.Second)
	w.agent("a", "30s")
	w.wantShipped()
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.used) < 3 || c.refused > 0 {
		t.Errorf("%d of %d credentials were used, and %d requests refused", len(c.used), c.given, c.refused)
	}
}
