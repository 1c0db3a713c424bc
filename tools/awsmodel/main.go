// Command awsmodel cuts what we call out of a service model of botocore, for
// internal/awscloud/awstest, which holds our requests and the answers of our fakes
// to it:
//
//	go run ./tools/awsmodel -data DIR -model lambda/2015-03-31 -operations GetAlias,UpdateAlias > lambda.json
//
// The models come with botocore, and so with moto: DIR is botocore/data of the
// Python that runs moto_server. internal/awscloud/awstest/models.json says what each cut
// was made of; a test compares all of them with the models that are installed, and
//
//	go test ./tools/awsmodel -update
//
// cuts them again.
package main

import (
	"compress/gzip"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	data := flag.String("data", "", "the folder botocore/data")
	model := flag.String("model", "", "service/version, for example lambda/2015-03-31")
	operations := flag.String("operations", "", "the operations to keep, separated by commas")
	flag.Parse()
	if err := run(os.Stdout, filepath.Join(*data, *model, "service-2.json.gz"), *model, strings.Split(*operations, ",")); err != nil {
		fmt.Fprintln(os.Stderr, "awsmodel:", err)
		os.Exit(1)
	}
}

func run(out io.Writer, file, model string, operations []string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // It was read.
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	var whole document
	if err := json.NewDecoder(unzipped).Decode(&whole); err != nil {
		return err
	}
	cut, err := whole.cut(operations)
	if err != nil {
		return err
	}
	cut.Source = "botocore " + model
	e := json.NewEncoder(out)
	e.SetIndent("", " ")
	e.SetEscapeHTML(false)
	return e.Encode(cut)
}

// document is a service model, as far as it says what may be sent and answered.
type document struct {
	Source     string                    `json:"source,omitempty"`
	Metadata   json.RawMessage           `json:"metadata,omitempty"`
	Operations map[string]operation      `json:"operations"`
	Shapes     map[string]map[string]any `json:"shapes"`
}

type operation struct {
	HTTP   map[string]any `json:"http"`
	Input  *reference     `json:"input,omitempty"`
	Output *reference     `json:"output,omitempty"`
	Errors []reference    `json:"errors,omitempty"`
}

type reference struct {
	Shape string `json:"shape"`
}

// cut keeps the operations and what they use.
func (d document) cut(operations []string) (document, error) {
	out := document{Operations: map[string]operation{}, Shapes: map[string]map[string]any{}}
	for _, name := range operations {
		op, ok := d.Operations[name]
		if !ok {
			return out, fmt.Errorf("the model has no operation %q", name)
		}
		out.Operations[name] = op
		for _, r := range append([]*reference{op.Input, op.Output}, pointers(op.Errors)...) {
			if r != nil {
				d.keep(out, r.Shape)
			}
		}
	}
	return out, nil
}

func pointers(list []reference) []*reference {
	out := make([]*reference, len(list))
	for i := range list {
		out[i] = &list[i]
	}
	return out
}

// keep takes a shape and all that it is made of, without its documentation.
func (d document) keep(out document, name string) {
	if _, ok := out.Shapes[name]; ok {
		return
	}
	shape := d.Shapes[name]
	out.Shapes[name] = shape
	delete(shape, "documentation")
	members, _ := shape["members"].(map[string]any)
	for _, key := range []string{"member", "key", "value"} {
		if m, ok := shape[key].(map[string]any); ok {
			d.follow(out, m)
		}
	}
	for _, m := range members {
		if m, ok := m.(map[string]any); ok {
			d.follow(out, m)
		}
	}
}

func (d document) follow(out document, member map[string]any) {
	delete(member, "documentation")
	if name, ok := member["shape"].(string); ok {
		d.keep(out, name)
	}
}
