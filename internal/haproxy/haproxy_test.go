package haproxy_test

import (
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/haproxy"
)

func TestWholePercentsAreExact(t *testing.T) {
	for servers := 1; servers <= 10; servers++ {
		n := haproxy.Count{Baseline: servers, Canary: servers}
		for share := 0.0; share <= 100; share++ {
			p, err := haproxy.Weights(share, n)
			if err != nil || p.Share(n) != share || haproxy.ShareOf(p, n) != share {
				t.Errorf("%g %% of %d and %d: %+v gives %v, reads as %v: %v", share, servers, servers, p, p.Share(n), haproxy.ShareOf(p, n), err)
			}
		}
	}
}
