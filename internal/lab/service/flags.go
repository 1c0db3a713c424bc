package service

import (
	"flag"
	"fmt"
	"io"
	"os"
)

// ParseFlags reads the arguments with which the lab starts a child: --artifact,
// --digest, --configuration-digest, --listen and --detached. Standard input is the
// parent unless the service is detached, and standard output gets the line that
// says where the service listens.
func ParseFlags(args []string) (Options, error) {
	opts := Options{Parent: os.Stdin, Ready: os.Stdout}
	set := flag.NewFlagSet("serve", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	set.StringVar(&opts.Artifact, "artifact", "", "path of the artifact file")
	set.StringVar(&opts.Digest, "digest", "", "digest that the file must have")
	set.StringVar(&opts.ConfigurationDigest, "configuration-digest", "", "shown in the answers")
	set.StringVar(&opts.Listen, "listen", "127.0.0.1:0", "address of the service")
	detached := set.Bool("detached", false, "go on when standard input ends")
	if err := set.Parse(args); err != nil {
		return Options{}, fmt.Errorf("reading the arguments: %w", err)
	}
	if *detached {
		opts.Parent = nil
	}
	if set.NArg() > 0 {
		return Options{}, fmt.Errorf("unexpected argument %q", set.Arg(0))
	}
	if opts.Artifact == "" {
		return Options{}, fmt.Errorf("--artifact is missing; it is the path of an artifact file")
	}
	return opts, nil
}
