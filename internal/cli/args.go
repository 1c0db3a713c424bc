package cli

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
)

// takes says which arguments a command has, by the names of its usage; one that may
// be left out stands in brackets. What does not fit is said in words.
func takes(names ...string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		for i, name := range names {
			if i >= len(args) && !strings.HasPrefix(name, "[") {
				return fmt.Errorf("%s is missing", name)
			}
		}
		if len(args) > len(names) {
			return fmt.Errorf("%q is an argument too many", args[len(names)])
		}
		return nil
	}
}

// kinds says in words what a flag takes.
var kinds = map[string]string{"int": "a whole number", "uint64": "a whole number from 0 on", "float64": "a number", "bool": "true or false"}

// notAValue is what the library of flags says of a value that it cannot read,
// before it goes into the details of the conversion.
var notAValue = regexp.MustCompile(`^invalid argument (".*") for "(?:-\w, )?--([\w-]+)" flag: `)

// flagWords says in words what is wrong with a flag.
func flagWords(cmd *cobra.Command, text string) string {
	m := notAValue.FindStringSubmatch(text)
	if m == nil || cmd == nil {
		return text
	}
	flag := cmd.Flag(m[2])
	if flag == nil || kinds[flag.Value.Type()] == "" {
		return text
	}
	return fmt.Sprintf("%s is no value of --%s, which takes %s", m[1], m[2], kinds[flag.Value.Type()])
}

// exclusive refuses two flags that cannot both be meant.
func exclusive(cmd *cobra.Command, one, other string) error {
	if cmd.Flags().Changed(one) && cmd.Flags().Changed(other) {
		return badInput("--%s and --%s cannot be given together; leave one of them out", one, other)
	}
	return nil
}
