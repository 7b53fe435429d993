package table

import "piecewise/ui/piecemap"

// Model is what a table shows. Rows and columns are numbered from 0; columns in
// the order in which New was given them, whatever the user made of it. It may
// change only before a call of Refresh.
type Model[K comparable] interface {
	Len() int
	Key(row int) K // names the row; no two rows have the same
	Text(row, col int) string
	Tone(row, col int) Tone
	Strip(row, col int) piecemap.Strip // of Bar columns
}

// Tone is how the text of a cell is to be read.
type Tone uint8

// The tones of a cell.
const (
	Plain Tone = iota
	Dim        // of little interest now
	Good
	Warning
	Error
)

// Lead is what stands before the text of the first column of a row.
type Lead struct {
	Depth int // indentation, in steps
	Fold  Fold
	Check Check
}

// Leader is a Model whose rows have a Lead, such as those of a tree.
type Leader interface {
	Lead(row int) Lead
}

// Fold is whether a row can be opened to show rows below it.
type Fold uint8

// The folds of a row. Space is kept for the sign unless it is Flat.
const (
	Flat   Fold = iota // the table has no folds
	Leaf               // no sign, but room for one
	Closed             // can be opened
	Open               // can be closed
)

// Check is the state of a row's check box.
type Check uint8

// The states of a check box.
const (
	Unboxed Check = iota // there is no check box
	Off
	Some // of what is below the row, some is on and some is off
	On
)
