package all_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/all"
)

func TestOpen(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sub", "ledger.db")
	l, err := all.Open(t.Context(), "sqlite:"+path, all.Options{})
	if err != nil {
		t.Fatal(err)
	}
	id, err := l.ID(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for name, opts := range map[string]all.Options{"must exist": {MustExist: true}, "read only": {ReadOnly: true}} {
		l, err := all.Open(t.Context(), "sqlite:"+path, opts)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if again, err := l.ID(t.Context()); err != nil || again != id {
			t.Errorf("%s: id %s, %v", name, again, err)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestOpenCreatesNothingForAPlan(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l, err := all.Open(t.Context(), "sqlite:"+dir+"/sub/ledger.db", all.Options{MustExist: true})
	if !errors.Is(err, ledger.ErrMissing) || l != nil {
		t.Errorf("got %v, %v", l, err)
	}
	if found, err := os.ReadDir(dir); err != nil || len(found) != 0 {
		t.Errorf("%v, %v", found, err)
	}
}

func TestURLs(t *testing.T) {
	t.Parallel()
	const allowed = "allowed is sqlite:PATH, for example sqlite:.sluice/ledger.db, postgres://"
	for url, says := range map[string]string{
		all.Default():                        "",
		"sqlite:/srv/odd name?.db":           "",
		"":                                   "it is empty; " + allowed,
		".sluice/ledger.db":                  "it has no scheme; " + allowed,
		"sqlite:":                            "no path stands behind sqlite:; " + allowed,
		"sqlite:///srv/ledger.db":            "the path follows the colon at once",
		"sqlite::memory:":                    "would be no record; " + allowed,
		"sqlite:a\x00b":                      "contains a NUL",
		"postgres://u:s3cret@db.example/x":   "",
		"postgresql://u:s3cret@db.example/x": "",
		"postgres://u:s3cret@db:port/x":      "cannot be read as libpq reads it",
		"postgres://u:s3cret@db/x?sslmode=s3cret-mode":      "what it says of TLS cannot be used: sslmode is invalid",
		"postgres://u:s3cret@db/x?sluice_schema=pg_catalog": "begin with pg_",
		"s3://acme-sluice/payments?region=eu-central-1":     "",
		"s3://s3cret:s3cret@bucket/x":                       "credentials stand in it",
		"s3:/s3cret":                                        "is not a bucket's name",
		"mysql://u:s3cret@db.example/x":                     `the scheme "mysql" is unknown; ` + allowed,
		"SQLITE:x":                                          `the scheme "SQLITE" is unknown; ` + allowed,
	} {
		err := all.Check(url)
		if says == "" {
			if err != nil {
				t.Errorf("%s: %v", url, err)
			}
			continue
		}
		if !errors.Is(err, all.ErrURL) || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: got %v, want %q", url, err, says)
		}
		if l, err := all.Open(t.Context(), url, all.Options{}); !errors.Is(err, all.ErrURL) || l != nil {
			t.Errorf("%s: Open: %v, %v", url, l, err)
		}
	}
}

func TestCheckImplicit(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		env  map[string]string
		says string
	}{
		{"a laptop", nil, ""},
		{"CI", map[string]string{"CI": "true"}, "CI=true"},
		{"CI in other words", map[string]string{"CI": "woodpecker"}, "CI=woodpecker"},
		{"CI denied", map[string]string{"CI": "false"}, ""},
		{"CI denied by number", map[string]string{"CI": "0"}, ""},
		{"Terraform Cloud", map[string]string{"TFC_RUN_ID": "run-1"}, "TFC_RUN_ID says that this is a remote run"},
		{"Terraform Enterprise of old", map[string]string{"ATLAS_RUN_ID": "run-1"}, "ATLAS_RUN_ID says"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			err := all.CheckImplicit(func(name string) string { return c.env[name] }, t.TempDir())
			if c.says == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if !errors.Is(err, all.ErrImplicit) || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "SLUICE_LEDGER=sqlite:") {
				t.Errorf("got %v", err)
			}
		})
	}
}
