package terminal

import (
	"strings"

	"piecewise/engine"
)

// The SGR colours of a bar, one meaning each.
const (
	colorVerified = "\x1b[32m"
	colorActive   = "\x1b[33m"
	colorFailed   = "\x1b[31m"
	colorMissing  = "\x1b[90m"
	colorOff      = "\x1b[0m"
)

var levels = []rune("·▁▂▃▄▅▆▇█")

// bar draws the pieces in a row of cells, each as high as its share of verified
// pieces. A cell is full only if all of its pieces are verified and empty only if
// none is, so a single piece is always seen; in colour, a cell with a piece on its
// way or failed tells it too.
func bar(pieces *engine.Pieces, cells int, color bool) string {
	var b strings.Builder
	last := ""
	for cell := range max(cells, 0) {
		level, paint := look(pieces, cell, cells)
		if color && paint != last {
			b.WriteString(paint)
			last = paint
		}
		b.WriteRune(levels[level])
	}
	if last != "" {
		b.WriteString(colorOff)
	}
	return b.String()
}

// look returns the level and the colour of one of so many cells.
func look(pieces *engine.Pieces, cell, cells int) (level int, color string) {
	if pieces == nil || pieces.Len() == 0 {
		return 0, colorMissing
	}
	n := pieces.Len()
	first := cell * n / cells
	end := max(first+1, (cell+1)*n/cells)
	var count [engine.Failed + 1]int
	for i := first; i < end; i++ {
		count[pieces.State(i)]++
	}
	verified, top := count[engine.Verified], len(levels)-1
	switch {
	case verified == end-first:
		return top, colorVerified
	case verified > 0:
		level = max(verified*top/(end-first), 1)
	}
	switch {
	case count[engine.Failed] > 0:
		return level, colorFailed
	case count[engine.Partial]+count[engine.Requested] > 0:
		return level, colorActive
	case level > 0:
		return level, colorVerified
	}
	return 0, colorMissing
}
