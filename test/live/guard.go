package main

import (
	"context"
	"fmt"
	"regexp"
)

// What a run asks for before it makes anything.
const (
	envYes     = "SLUICE_LIVE"
	envAccount = "SLUICE_LIVE_ACCOUNT"
	envRegion  = "SLUICE_LIVE_REGION"
)

// cost is what a run costs, by AWS's list prices for eu-central-1 in 2025, in US
// dollars without taxes. Hours of a load balancer are billed in whole.
const cost = `A run takes about 40 minutes and costs about 0.40 USD, without taxes:

  aws-lambda   below 0.01   a function that is called by nobody, two small objects in S3
  aws-alb      about 0.20   a load balancer for an hour (0.03, and 0.01 for its capacity unit),
                            up to 4 tasks of Fargate, 0.25 vCPU each (0.06 an hour), 6 public
                            addresses (0.03 an hour), some logs
  aws-ecs      about 0.20   the same, and an alarm

What is left behind by a run that was killed costs about 0.25 USD an hour, 6 USD a day,
until "make live-clean" has taken it away. Everything has the tag sluice-live.
`

var accountPattern = regexp.MustCompile(`^[0-9]{12}$`)

// allowed says why nothing may be made, or gives the account that was named. What it
// asks of AWS is who the credentials belong to.
func allowed(ctx context.Context, getenv func(string) string, who func(context.Context) (string, error)) (string, error) {
	if yes := getenv(envYes); yes != "yes" {
		return "", fmt.Errorf("%s is %q; this makes things in an account of AWS that cost money, so say %s=yes and name the account: %s=123456789012", envYes, yes, envYes, envAccount)
	}
	want := getenv(envAccount)
	if !accountPattern.MatchString(want) {
		return "", fmt.Errorf("%s is %q, and must be the 12 digits of the account that this may make things in; for example %s=123456789012", envAccount, want, envAccount)
	}
	got, err := who(ctx)
	if err != nil {
		return "", fmt.Errorf("AWS does not say whose the credentials are, so nothing is made: %w", err)
	}
	if got != want {
		return "", fmt.Errorf("the credentials are of the account %s, and %s names %s; nothing was made. Change the credentials (AWS_PROFILE) or the account", got, envAccount, want)
	}
	return want, nil
}
