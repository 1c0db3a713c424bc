package s3

import (
	"encoding/json"
	"fmt"
)

// Role is one of those who use a ledger.
type Role string

// The roles, each with the rights of the one before.
const (
	// Reader reads: plans, data sources, sluice status and verify.
	Reader Role = "reader"
	// Releaser appends and takes leases: applies, the agent.
	Releaser Role = "releaser"
	// Administrator creates the ledger, and moves it.
	Administrator Role = "administrator"
)

type policy struct {
	Version   string
	Statement []statement
}

type statement struct {
	Sid       string
	Effect    string
	Action    []string
	Resource  []string
	Condition map[string]map[string]string `json:",omitempty"`
}

// ScopePolicy returns what a role needs in a scope with others above it: the role's own
// part of the ledger that url names, and a reader's of each ledger above.
func ScopePolicy(url string, role Role, above ...string) (string, error) {
	var whole policy
	for i, at := range append([]string{url}, above...) {
		r := role
		if i > 0 {
			r = Reader
		}
		text, err := Policy(at, r)
		if err != nil {
			return "", err
		}
		var p policy
		if err := json.Unmarshal([]byte(text), &p); err != nil {
			return "", err
		}
		for _, s := range p.Statement {
			if i > 0 {
				s.Sid = fmt.Sprintf("Above%d%s", i, s.Sid)
			}
			whole.Statement = append(whole.Statement, s)
		}
		whole.Version = p.Version
	}
	text, err := json.MarshalIndent(whole, "", "  ")
	return string(text) + "\n", err
}

// Policy returns the least that a role needs of the ledger that url names, as IAM has
// it. No role may delete, and none may write without a condition: what is written is
// replaced only by who has seen it. A bucket encrypted with a key of KMS needs
// kms:Decrypt on the key besides, and kms:GenerateDataKey to write.
func Policy(url string, role Role) (string, error) {
	at, err := parse(url)
	if err != nil {
		return "", err
	}
	bucket := "arn:aws:s3:::" + at.bucket
	below := func(keys ...string) (out []string) {
		for _, k := range keys {
			out = append(out, bucket+"/"+at.prefix+k)
		}
		return out
	}
	list := statement{Sid: "List", Effect: "Allow", Action: []string{"s3:ListBucket"}, Resource: []string{bucket}}
	if at.prefix != "" {
		list.Condition = map[string]map[string]string{"StringLike": {"s3:prefix": at.prefix + "*"}}
	}
	p := policy{Version: "2012-10-17", Statement: []statement{
		list, {Sid: "Read", Effect: "Allow", Action: []string{"s3:GetObject"}, Resource: below("*")},
		// Whoever plans is told of a bucket that was opened, or keeps no versions any more.
		{Sid: "Inspect", Effect: "Allow", Resource: []string{bucket}, Action: []string{"s3:GetBucketVersioning", "s3:GetBucketPolicyStatus", "s3:GetBucketPublicAccessBlock", "s3:GetBucketAcl"}},
	}}
	given := func(sid, key string, resources []string) statement {
		return statement{
			Sid: sid, Effect: "Allow", Action: []string{"s3:PutObject"}, Resource: resources,
			Condition: map[string]map[string]string{"Null": {key: "false"}},
		}
	}
	write := []statement{
		given("Create", "s3:if-none-match", below(headDir+"*", partDir+"*", leaseDir+"*", probeKey)),
		given("Replace", "s3:if-match", below(headDir+"*", leaseDir+"*", probeKey)),
	}
	switch role {
	case Reader:
	case Releaser:
		p.Statement = append(p.Statement, write...)
	case Administrator:
		p.Statement = append(p.Statement, write...)
		p.Statement = append(p.Statement, given("Found", "s3:if-none-match", below(aboutKey, copyKey)), given("Seal", "s3:if-match", below(aboutKey)))
	default:
		return "", fmt.Errorf("the role %.40q is unknown; allowed are %s, %s and %s", role, Reader, Releaser, Administrator)
	}
	text, err := json.MarshalIndent(p, "", "  ")
	return string(text) + "\n", err
}
