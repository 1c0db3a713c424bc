package signal

import "github.com/sluice/terraform-provider-sluice/internal/driver"

// Driver makes sources of one kind from the attribute of its name.
type Driver = driver.Driver[Source]

// Deps is what every driver may lean on.
type Deps = driver.Deps

// Config names a driver of a source and its configuration.
type Config = driver.Config

// Registry knows the drivers of sources that there are.
type Registry = driver.Registry[Source]

// NewRegistry makes a registry of the drivers given.
func NewRegistry(drivers ...Driver) Registry { return driver.NewRegistry(drivers...) }
