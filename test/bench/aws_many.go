package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"golang.org/x/time/rate"
)

// The account of the fake: AWS's control plane of Lambda takes about so many requests a
// second of all who use it, and somebody else makes some of them, so that ours below
// their ceiling are throttled too.
const (
	accountRate  = 15
	othersRate   = 4
	accountBurst = 15
	// crowdLook is how often each rollout is looked at, as the guide advises for so many.
	crowdLook = 30 * time.Second
	crowdSize = 200
)

// crowd is what many rollouts in one account took.
type crowd struct {
	Rollouts int
	Seconds  float64
	// Requests are all, and Throttled those that were refused for their number.
	Requests, Throttled float64
	// LagP99 is how late looks were, in seconds.
	LagP50, LagP99 float64
	Looks          int
	Failed         []string
}

// awsCrowd drives many rollouts at once in one account, which throttles them.
func awsCrowd(ctx context.Context, b *bench) error {
	raw, err := json.Marshal(crowd{Rollouts: b.rounds(crowdSize, 10)})
	if err != nil {
		return err
	}
	cmd, err := inRole(ctx, roleCrowd, string(raw))
	if err != nil {
		return err
	}
	output, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("driving rollouts in one account: %w", err)
	}
	var c crowd
	if err := json.Unmarshal(output, &c); err != nil {
		return fmt.Errorf("driving rollouts in one account: %w in %q", err, output)
	}
	for _, failure := range c.Failed {
		b.say("%s", failure)
	}
	b.add("aws_rollouts", float64(c.Rollouts), "rollouts")
	b.want("aws_rollouts_failed", float64(len(c.Failed)), "rollouts", atMost(0))
	b.add("aws_rollouts_took", c.Seconds, "s")
	b.want("aws_requests_per_second", c.Requests/c.Seconds, "1/s", atMost(accountRate))
	b.add("aws_requests_per_rollout", c.Requests/float64(c.Rollouts), "calls")
	b.add("aws_requests_throttled", 100*c.Throttled/c.Requests, "%")
	b.add("aws_looks", float64(c.Looks), "looks")
	if c.Looks > 0 {
		b.add("aws_look_lag_p50", c.LagP50, "s")
		b.want("aws_look_lag_p99", c.LagP99, "s", atMost(crowdLook.Seconds()/3))
	}
	return nil
}

// playCrowd is the process that drives them: what it learns of the account is shared by
// all sessions of a process, and so is the proxy that stands in for AWS.
func playCrowd(ctx context.Context, argument string) (err error) {
	var c crowd
	if err := json.Unmarshal([]byte(argument), &c); err != nil {
		return err
	}
	s := &stand{ctx: ctx}
	defer s.leave(&err)
	a := newAccount(s, rate.NewLimiter(accountRate, accountBurst))
	leave := a.others(ctx, othersRate)
	defer leave()
	if err := a.drive(ctx, &c); err != nil {
		return err
	}
	c.Requests, c.Throttled = a.counts()
	return json.NewEncoder(os.Stdout).Encode(c)
}
