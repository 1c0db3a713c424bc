// Command commands writes the pages of the command line, docs/commands, from the
// commands themselves. Its one argument is the folder.
package main

import (
	"fmt"
	"os"

	"github.com/sluice/terraform-provider-sluice/internal/cli"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "commands: name the folder of the pages, for example: go run ./tools/commands docs/commands")
		os.Exit(2)
	}
	if err := cli.WritePages(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "commands:", err)
		os.Exit(1)
	}
}
