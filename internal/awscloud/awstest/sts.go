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

var stsOnce = sync.OnceValues(func() (*Model, error) { return parse(stsModel) })
