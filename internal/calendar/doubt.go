package calendar

import (
	"fmt"
	"maps"
	"slices"
)

// doubt says why nobody can tell whether an open instant is open: a window would
// close it if the service depended on something of which that is not known.
// Nothing where it makes no difference.
func (cal *Calendar) doubt(subject Subject, instant int64) string {
	for _, name := range slices.Sorted(maps.Keys(subject.Undecided)) {
		assumed := subject
		assumed.DependsOn = append(slices.Clone(subject.DependsOn), name)
		s := cal.selectFor(assumed)
		closing := onAt(s.freezes, instant)
		if len(closing) == 0 {
			closing = s.outside(instant)
		}
		if len(closing) > 0 {
			return fmt.Sprintf("nobody can tell whether window %q holds here: its scope asks for what depends on %q, and %s",
				closing[0].window.Name, name, subject.Undecided[name])
		}
	}
	return ""
}
