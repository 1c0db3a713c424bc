package cli

import (
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluice/terraform-provider-sluice/internal/judge"
)

// explain names the flags that the judge refused, since who typed --min-abs knows
// no min_abs. What came from the strategy keeps the path that it has there.
func (f *judgeFlags) explain(cmd *cobra.Command, err error) error {
	var invalid *judge.InvalidError
	if !errors.As(err, &invalid) {
		return err
	}
	var lines []string
	for _, field := range invalid.Fields {
		if line := f.explainField(cmd, field); !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	return badInput("%s", strings.Join(lines, "\n"))
}

func (f *judgeFlags) explainField(cmd *cobra.Command, field judge.FieldError) string {
	name := field.Path[strings.LastIndex(field.Path, ".")+1:]
	flag := strings.ReplaceAll(name, "_", "-")
	switch {
	case cmd.Flags().Changed(flag):
		return "--" + flag + " " + field.Msg
	case name == "name" && slices.Contains(f.critical, ""):
		return "--critical " + field.Msg
	case name == "name" && slices.Contains(f.others, ""):
		return "--metric " + field.Msg
	case name == "metrics" && f.strategy == "":
		return "--metric is given without --critical, so that no step could ever be proved safe; " +
			"name at least one metric that must be, for example --critical errors"
	case f.strategy != "":
		return "--strategy " + f.strategy + ": " + field.Error()
	}
	return field.Error()
}
