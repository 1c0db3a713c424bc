package s3test

import (
	"net/url"
	"testing"
)

// Role makes a role of IAM that anybody may assume, and returns its ARN.
func (m *MotoServer) Role(t testing.TB, name string) string {
	t.Helper()
	m.iam(t, url.Values{"Action": {"CreateRole"}, "RoleName": {name}, "AssumeRolePolicyDocument": {
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"*","Service":"lambda.amazonaws.com"}}]}`}})
	return "arn:aws:iam::123456789012:role/" + name
}
