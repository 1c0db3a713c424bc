package awstest

import (
	_ "embed"
	"sync"
)

//go:embed cloudcontrol.json
var cloudControlModel []byte

// CloudControl is the model of Cloud Control, as far as we call it. It is JSON whose
// header names the operation: RPC.
func CloudControl() (*Model, error) { return cloudControlOnce() }

var cloudControlOnce = sync.OnceValues(func() (*Model, error) { return parse(cloudControlModel) })
