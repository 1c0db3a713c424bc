// Package haproxy is the target driver for services behind HAProxy: two groups
// of servers in one or more backends, whose weights and states it moves over the
// runtime API.
//
// It installs nothing. What the servers of a group run is read from each of
// them; bringing a new artifact onto the idle group is the business of the
// author's own command (Install) or of whatever deploys there.
package haproxy

import (
	"encoding/json"
	"fmt"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/haproxy"
	"github.com/sluice/terraform-provider-sluice/internal/target/contract/wire"
)

// Config is what an author writes: target = { haproxy = {...} }. It holds no
// secret.
type Config struct {
	haproxy.Layout
	// Identity says how a server is asked what it runs.
	Identity *Identity `json:"identity"`
	// Install brings a payload onto the idle group; nil where somebody else does.
	Install *Install `json:"install,omitempty"`
	// StateFile is the server-state file that HAProxy reads when it starts, where
	// this machine can write it; empty where somebody else keeps it.
	StateFile string `json:"state_file,omitempty"`
	// CohortMap is the name of the map that sends cohorts to an arm, as it stands in
	// haproxy.cfg; empty where there is none, and then no cohorts.
	CohortMap string `json:"cohort_map,omitempty"`
	// CohortMapFile is the map's file, where this machine can write it; empty where a
	// reload shall forget the cohort.
	CohortMapFile string `json:"cohort_map_file,omitempty"`
	// Drain is how long an arm's open sessions may take to end before it is taken
	// out, as a duration: "30s". Empty means DefaultDrain.
	Drain string `json:"drain,omitempty"`
}

// Identity is where a server says what it runs.
type Identity struct {
	// URL is asked by GET; {address}, {port}, {backend} and {server} stand for what
	// HAProxy knows of the server. Empty means DefaultURL.
	URL string `json:"url,omitempty"`
	// Digest is where the artifact's digest is, as "sha256:..." or a reference that
	// ends so.
	Digest *Source `json:"digest"`
	// ConfigurationDigest is where that of the configuration is; nil where there is
	// none.
	ConfigurationDigest *Source `json:"configuration_digest,omitempty"`
	// Version is where the label for people is; nil where there is none.
	Version *Source `json:"version,omitempty"`
}

// Source is one place in an answer, exactly one of them.
type Source struct {
	// Header is the name of a header.
	Header string `json:"header,omitempty"`
	// JSON is the dotted path of a string in a JSON body: "build.digest".
	JSON string `json:"json,omitempty"`
}

// Install is the author's command.
type Install struct {
	// Command is a program and its arguments, run without a shell.
	Command []string `json:"command"`
	// Environment names the variables that the command gets, besides PATH and HOME.
	Environment []string `json:"environment,omitempty"`
	// Timeout bounds one run: a duration such as "1m". Empty means
	// DefaultInstallTimeout.
	Timeout string `json:"timeout,omitempty"`
}

// What holds when the author does not say.
const (
	DefaultURL            = "http://{address}:{port}/"
	DefaultDrain          = 30 * time.Second
	DefaultInstallTimeout = time.Minute
)

const (
	maxDrain          = time.Hour
	minInstallTimeout = time.Second
	maxInstallTimeout = 10 * time.Minute

	exampleURL      = "; for example \"http://{address}:{port}/version\""
	exampleIdentity = "; for example identity = { digest = { header = \"X-Artifact-Digest\" } }"
	exampleCommand  = "; for example command = [\"./install.sh\"]"
)

// Validate checks a configuration without touching anything.
func Validate(raw json.RawMessage) field.Errors { return wire.Validate(raw, parse, Config.validate) }

func parse(raw json.RawMessage) (Config, error) {
	return wire.Parse[Config](raw, Name, "socket, backends, arms, memory, identity, install, state_file, cohort_map, cohort_map_file, drain and timeout")
}

func (c Config) validate() field.Errors {
	errs := c.Layout.Validate()
	errs = append(errs, c.Identity.validate().Under("identity")...)
	if c.Install != nil {
		errs = append(errs, c.Install.validate().Under("install")...)
	}
	if f := c.StateFile; f != "" && (!filepath.IsAbs(f) || strings.ContainsRune(f, 0)) {
		errs = append(errs, field.Error{Path: "state_file", Msg: fmt.Sprintf("%q is not an absolute path; give that of server-state-file in haproxy.cfg, for example \"/var/lib/haproxy/state\"", f)})
	}
	errs = append(errs, c.validateMap()...)
	if _, msg := within(c.Drain, DefaultDrain, 0, maxDrain, "30s"); msg != "" {
		errs = append(errs, field.Error{Path: "drain", Msg: msg})
	}
	return errs
}

// mapName is what may stand in a command without ending it. A number would be
// another map after a change of haproxy.cfg.
var mapName = regexp.MustCompile(`^[A-Za-z0-9_./-][A-Za-z0-9_./@:+-]*$`)

func (c Config) validateMap() field.Errors {
	var errs field.Errors
	if c.CohortMap != "" && !mapName.MatchString(c.CohortMap) {
		errs = append(errs, field.Error{Path: "cohort_map", Msg: fmt.Sprintf("%q is not the name of a map; give that in haproxy.cfg, of letters, digits and - _ . / : @ +, for example \"/etc/haproxy/cohorts.map\"", c.CohortMap)})
	}
	switch f := c.CohortMapFile; {
	case f == "":
	case c.CohortMap == "":
		errs = append(errs, field.Error{Path: "cohort_map_file", Msg: "there is a file and no cohort_map, the name that the map has in haproxy.cfg; for example cohort_map = \"/etc/haproxy/cohorts.map\""})
	case !filepath.IsAbs(f) || strings.ContainsRune(f, 0):
		errs = append(errs, field.Error{Path: "cohort_map_file", Msg: fmt.Sprintf("%q is not an absolute path; give that of the map, for example \"/etc/haproxy/cohorts.map\"", f)})
	}
	return errs
}

func (i *Identity) validate() field.Errors {
	if i == nil {
		return field.Errors{{Msg: "it is missing; what serves is read from each server, so say where a server tells its digest" + exampleIdentity}}
	}
	var errs field.Errors
	if msg := urlProblem(i.url()); msg != "" {
		errs = append(errs, field.Error{Path: "url", Msg: msg})
	}
	if i.Digest == nil {
		errs = append(errs, field.Error{Path: "digest", Msg: "it is missing; name the header or the JSON path that holds the artifact's digest" + exampleIdentity})
	}
	sources := []*Source{i.Digest, i.ConfigurationDigest, i.Version}
	for n, path := range []string{"digest", "configuration_digest", "version"} {
		if s := sources[n]; s != nil && (s.Header == "") == (s.JSON == "") {
			errs = append(errs, field.Error{Path: path, Msg: "exactly one of header and json must be set; for example { header = \"X-Artifact-Digest\" } or { json = \"build.digest\" }"})
		}
	}
	return errs
}

func (i *Identity) url() string {
	if i.URL == "" {
		return DefaultURL
	}
	return i.URL
}

// placeholders are what a URL may leave to each server.
var placeholders = []string{"{address}", "{port}", "{backend}", "{server}"}

// fill puts a server's own into the URL.
func (i *Identity) fill(s haproxy.Server) string {
	address := s.Address
	if strings.Contains(address, ":") {
		address = "[" + address + "]"
	}
	return strings.NewReplacer("{address}", address, "{port}", fmt.Sprint(s.Port), "{backend}", s.Backend, "{server}", s.Name).Replace(i.url())
}

func urlProblem(raw string) string {
	filled := strings.NewReplacer("{address}", "a", "{port}", "1", "{backend}", "b", "{server}", "s").Replace(raw)
	u, err := url.Parse(filled)
	switch {
	case strings.ContainsAny(filled, "{}"):
		return "the URL holds a placeholder that is not known; known are " + strings.Join(placeholders, ", ") + exampleURL
	case err != nil:
		return "the URL cannot be parsed; it must be absolute, and may hold " + strings.Join(placeholders, ", ") + exampleURL
	case u.User != nil:
		return "the URL holds a user or password, which would be kept in state and ledger" + exampleURL
	case u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return "the URL must be absolute, with http or https" + exampleURL
	case !strings.Contains(raw, "{address}") && !strings.Contains(raw, "{server}"):
		return "the URL is the same for each server, so it would tell what one of them runs and not what each does; it must hold {address} or {server}" + exampleURL
	}
	return ""
}

func (i *Install) validate() field.Errors {
	var errs field.Errors
	if len(i.Command) == 0 || i.Command[0] == "" {
		errs = append(errs, field.Error{Path: "command", Msg: "it names no program; it must be a program and its arguments" + exampleCommand})
	}
	for n, name := range i.Environment {
		if name == "" || strings.ContainsAny(name, "=\x00 ") {
			errs = append(errs, field.Error{Path: fmt.Sprintf("environment[%d]", n), Msg: "it must be the name of an environment variable, without its value; for example [\"AWS_PROFILE\"]"})
		}
	}
	if _, msg := within(i.Timeout, DefaultInstallTimeout, minInstallTimeout, maxInstallTimeout, "1m"); msg != "" {
		errs = append(errs, field.Error{Path: "timeout", Msg: msg})
	}
	return errs
}

// within reads a duration, and says what is wrong with one that is outside.
func within(text string, otherwise, least, most time.Duration, example string) (time.Duration, string) {
	if text == "" {
		return otherwise, ""
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < least || d > most {
		return 0, fmt.Sprintf("%q is not a duration from %s to %s; for example %q", text, field.FormatDuration(least), field.FormatDuration(most), example)
	}
	return d, ""
}
