package client

import (
	"fmt"
	"os"
	"os/user"
)

// Actor says who acts when the provider block does not: SLUICE_ACTOR, else the
// person and the project that a CI system names, else user@host.
func Actor(getenv func(string) string) string {
	if name := getenv("SLUICE_ACTOR"); name != "" {
		return name
	}
	for _, ci := range []struct{ who, where string }{
		{"GITHUB_ACTOR", "GITHUB_REPOSITORY"},
		{"GITLAB_USER_LOGIN", "CI_PROJECT_PATH"},
		{"BUILDKITE_BUILD_CREATOR", "BUILDKITE_PIPELINE_SLUG"},
		{"CIRCLE_USERNAME", "CIRCLE_PROJECT_REPONAME"},
		{"BUILD_REQUESTEDFOR", "BUILD_REPOSITORY_NAME"},
	} {
		if who, where := getenv(ci.who), getenv(ci.where); who != "" && where != "" {
			return who + "@" + where
		}
	}
	name, host := "somebody", "somewhere"
	if u, err := user.Current(); err == nil && u.Username != "" {
		name = u.Username
	}
	if h, err := os.Hostname(); err == nil && h != "" {
		host = h
	}
	return name + "@" + host
}

// From takes the client out of what a framework object was configured with. It
// is nil, without an error, before the provider is configured.
func From(data any) (*Client, string) {
	if data == nil {
		return nil, ""
	}
	c, ok := data.(*Client)
	if !ok {
		return nil, fmt.Sprintf("Expected %T, got %T. This is always a bug in the provider; please report it to its developers.", c, data)
	}
	return c, ""
}

// Wrong is the summary of the error that From may give.
const Wrong = "Unexpected provider data"
