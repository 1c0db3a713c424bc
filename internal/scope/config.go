package scope

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// Config is what somebody says of scopes: the scope of the ledger, and those above.
type Config struct {
	// Scope is that of the ledger; empty leaves it to what the ledger says.
	Scope Path
	// Above are those above it, the nearest first.
	Above []Above
}

// Above is a scope above, and where its ledger is.
type Above struct {
	Scope Path
	// URL names the ledger. It may hold a password, so nobody prints it.
	URL string
}

// Opener opens the ledger of a URL for reading alone.
type Opener func(ctx context.Context, url string) (ledger.Ledger, error)

// Given reads a configuration: own is the ledger's URL, and above gives that of each
// scope above, by its path. The errors are on the paths "scope" and above["acme"].
func Given(own, scope string, above map[string]string) (Config, field.Errors) {
	var c Config
	var errs field.Errors
	if scope != "" {
		p, err := ParsePath(scope)
		if err != nil {
			errs = append(errs, field.Error{Path: "scope", Msg: err.Error()})
		}
		c.Scope = p
	}
	by := map[string]string{own: "this one's"}
	for _, name := range sortedKeys(above) {
		at, url := fmt.Sprintf("above[%q]", name), above[name]
		p, err := ParsePath(name)
		switch {
		case err != nil:
			errs = append(errs, field.Error{Path: at, Msg: err.Error()})
		case c.Scope != "" && p == c.Scope:
			errs = append(errs, field.Error{Path: at, Msg: fmt.Sprintf("the scope %s is the given one itself, and no scope is above itself; above it are %s", p, examples(c.Scope))})
		case c.Scope != "" && p.Organisation() != c.Scope.Organisation():
			errs = append(errs, field.Error{Path: at, Msg: fmt.Sprintf("the scope %s is of another organisation than %s; above it are %s", p, c.Scope, examples(c.Scope))})
		case c.Scope != "" && !c.Scope.Below(p):
			errs = append(errs, field.Error{Path: at, Msg: fmt.Sprintf("the scope %s does not lie above %s; above it are %s", p, c.Scope, examples(c.Scope))})
		case by[url] != "":
			errs = append(errs, field.Error{Path: at, Msg: fmt.Sprintf("its ledger is %s too; each scope has a ledger of its own, for example another schema, prefix or file", by[url])})
		}
		by[url] = "that of " + name
		c.Above = append(c.Above, Above{Scope: p, URL: url})
	}
	slices.SortFunc(c.Above, func(a, b Above) int { return cmp.Compare(b.Scope.Depth(), a.Scope.Depth()) })
	return c, errs
}

// examples lists what can be above a scope.
func examples(p Path) string {
	parts := strings.Split(string(p), "/")
	var names []string
	for i := len(parts) - 1; i > 0; i-- {
		names = append(names, fmt.Sprintf("%q", strings.Join(parts[:i], "/")))
	}
	if len(names) == 0 {
		return "none, since it is an organisation"
	}
	return strings.Join(names, " and ")
}

// Paths are those of the scopes above.
func (c Config) Paths() []string {
	var out []string
	for _, a := range c.Above {
		out = append(out, string(a.Scope))
	}
	return out
}

func sortedKeys(m map[string]string) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// ParseAbove reads the form of the environment and of the command line: SCOPE=URL,
// several of them one to a line, or parted by semicolons.
func ParseAbove(texts ...string) (map[string]string, error) {
	out := map[string]string{}
	for _, text := range texts {
		for _, one := range strings.FieldsFunc(text, func(r rune) bool { return r == ';' || r == '\n' }) {
			name, url, ok := strings.Cut(strings.TrimSpace(one), "=")
			switch {
			case strings.TrimSpace(one) == "":
				continue
			case !ok || name == "" || url == "":
				return nil, fmt.Errorf(`a scope above is given as SCOPE=URL, and %.40q is not; for example "acme=postgres://ledger.example/sluice?sluice_schema=acme"`, beforeSecret(one))
			case out[name] != "":
				return nil, fmt.Errorf("the scope %q is given twice; name each scope above once", name)
			}
			out[name] = url
		}
	}
	return out, nil
}

// beforeSecret cuts a text before where a password may stand.
func beforeSecret(text string) string {
	first, _, cut := strings.Cut(text, ":")
	if cut {
		return first + ":..."
	}
	return first
}
