package awstest

import (
	_ "embed"
	"sync"
)

//go:embed sts.json
var stsModel []byte

// STS is the model of the Security Token Service, as far as we call it. Its protocol
// is query: forms that are answered with XML.
func STS() (*Model, error) { return stsOnce() }

//go:embed iam.json
var iamModel []byte

// IAM is the model of Identity and Access Management, as far as we call it: query, too.
func IAM() (*Model, error) { return iamOnce() }

var iamOnce = sync.OnceValues(func() (*Model, error) { return parse(iamModel) })

var stsOnce = sync.OnceValues(func() (*Model, error) { return parse(stsModel) })
