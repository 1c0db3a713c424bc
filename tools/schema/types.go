package main

import "encoding/json"

// The types of this file are the format of "terraform providers schema -json",
// as far as documentation needs it.

type document struct {
	FormatVersion string               `json:"format_version"`
	Schemas       map[string]*provider `json:"provider_schemas"`
}

type provider struct {
	Provider    *schema              `json:"provider,omitempty"`
	Resources   map[string]*schema   `json:"resource_schemas,omitempty"`
	DataSources map[string]*schema   `json:"data_source_schemas,omitempty"`
	Ephemeral   map[string]*schema   `json:"ephemeral_resource_schemas,omitempty"`
	Functions   map[string]*function `json:"functions,omitempty"`
	Identities  map[string]*identity `json:"resource_identity_schemas,omitempty"`
	Lists       map[string]*schema   `json:"list_resource_schemas,omitempty"`
	Actions     map[string]*action   `json:"action_schemas,omitempty"`
}

type schema struct {
	Version int64  `json:"version"`
	Block   *block `json:"block"`
}

type action struct {
	Block *block `json:"block"`
}

type block struct {
	Attributes  map[string]*attribute `json:"attributes,omitempty"`
	Blocks      map[string]*nested    `json:"block_types,omitempty"`
	Description string                `json:"description,omitempty"`
	Kind        string                `json:"description_kind,omitempty"`
	Deprecated  bool                  `json:"deprecated,omitempty"`
}

type nested struct {
	Nesting  string `json:"nesting_mode"`
	Block    *block `json:"block"`
	MinItems int64  `json:"min_items,omitempty"`
	MaxItems int64  `json:"max_items,omitempty"`
}

type attribute struct {
	Type        json.RawMessage `json:"type,omitempty"`
	NestedType  *object         `json:"nested_type,omitempty"`
	Description string          `json:"description,omitempty"`
	Kind        string          `json:"description_kind,omitempty"`
	Deprecated  bool            `json:"deprecated,omitempty"`
	Required    bool            `json:"required,omitempty"`
	Optional    bool            `json:"optional,omitempty"`
	Computed    bool            `json:"computed,omitempty"`
	Sensitive   bool            `json:"sensitive,omitempty"`
	WriteOnly   bool            `json:"write_only,omitempty"`
}

type object struct {
	Attributes map[string]*attribute `json:"attributes,omitempty"`
	Nesting    string                `json:"nesting_mode"`
}

type function struct {
	Summary     string          `json:"summary,omitempty"`
	Description string          `json:"description,omitempty"`
	Deprecation string          `json:"deprecation_message,omitempty"`
	Return      json.RawMessage `json:"return_type"`
	Parameters  []*parameter    `json:"parameters,omitempty"`
	Variadic    *parameter      `json:"variadic_parameter,omitempty"`
}

type parameter struct {
	Name        string          `json:"name,omitempty"`
	Description string          `json:"description,omitempty"`
	Nullable    bool            `json:"is_nullable,omitempty"`
	Type        json.RawMessage `json:"type"`
}

type identity struct {
	Version    int64                         `json:"version"`
	Attributes map[string]*identityAttribute `json:"attributes"`
}

type identityAttribute struct {
	Type        json.RawMessage `json:"type"`
	Description string          `json:"description,omitempty"`
	Required    bool            `json:"required_for_import,omitempty"`
	Optional    bool            `json:"optional_for_import,omitempty"`
}
