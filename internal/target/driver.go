package target

import "github.com/sluice/terraform-provider-sluice/internal/driver"

// Driver makes targets of one kind from the attribute of its name.
type Driver = driver.Driver[Target]

// Deps is what every driver may lean on.
type Deps = driver.Deps

// Config names a driver of a target and its configuration.
type Config = driver.Config

// Registry knows the drivers of targets that there are.
type Registry = driver.Registry[Target]

// NewRegistry makes a registry of the drivers given.
func NewRegistry(drivers ...Driver) Registry { return driver.NewRegistry(drivers...) }
