package release

// Watch tells f each decision that the engine's drivers carry out.
func Watch(e *Engine, f func(Decision)) { e.onDecide = f }

// Row is one cell of the state table.
type Row struct {
	State State
	Event Event
}

// Rows lists the whole table.
func Rows() []Row {
	var rows []Row
	for state, events := range table {
		for event := range events {
			rows = append(rows, Row{state, event})
		}
	}
	return rows
}

// Updating is whether the tests write their golden files.
func Updating() bool { return *update }
