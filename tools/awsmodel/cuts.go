package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// cuts is what was cut out of which models, as it is written down beside the cuts.
type cuts struct {
	// Botocore is the version that the cuts were made of.
	Botocore string `json:"botocore"`
	// Models are by the name of their file.
	Models map[string]made `json:"models"`
}

// made is how one cut was made.
type made struct {
	// Model is "lambda/2015-03-31".
	Model      string   `json:"model"`
	Operations []string `json:"operations"`
}

// list is the file beside the cuts that says how each was made.
const list = "models.json"

// read reads the list of a folder of cuts, and refuses one that leaves a file out.
func read(folder string) (cuts, error) {
	var out cuts
	raw, err := os.ReadFile(filepath.Join(folder, list))
	if err != nil {
		return out, err
	}
	if err := json.Unmarshal(raw, &out); err != nil {
		return out, fmt.Errorf("%s: %w", list, err)
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	for _, file := range files {
		if name := filepath.Base(file); name != list && out.Models[name].Model == "" {
			return out, fmt.Errorf("%s does not say how %s was made", list, name)
		}
	}
	return out, err
}

// again cuts one file again out of the models in data.
func (m made) again(data string) ([]byte, error) {
	var out bytes.Buffer
	err := run(&out, filepath.Join(data, m.Model, "service-2.json.gz"), m.Model, slices.Clone(m.Operations))
	return out.Bytes(), err
}

// refresh cuts all files of a folder again, and notes the version.
func (c cuts) refresh(folder, data, version string) error {
	for name, m := range c.Models {
		cut, err := m.again(data)
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, name), cut, 0o600)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	c.Botocore = version
	raw, err := json.MarshalIndent(c, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, list), append(raw, '\n'), 0o600)
}
