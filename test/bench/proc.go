package main

import (
	"bytes"
	"fmt"
	"strconv"
)

// fieldOf reads a size in kilobytes out of a file of the process file system, and
// returns bytes.
func fieldOf(status []byte, name string) (float64, error) {
	for line := range bytes.Lines(status) {
		rest, ok := bytes.CutPrefix(line, []byte(name))
		if !ok {
			continue
		}
		words := bytes.Fields(rest)
		if len(words) != 2 || string(words[1]) != "kB" {
			return 0, fmt.Errorf("the process file system says %q of %s", bytes.TrimSpace(rest), name)
		}
		kilobytes, err := strconv.ParseFloat(string(words[0]), 64)
		return 1024 * kilobytes, err
	}
	return 0, fmt.Errorf("the process file system says nothing of %s", name)
}
