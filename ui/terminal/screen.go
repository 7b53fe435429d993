package terminal

import (
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// screen draws a few lines again and again in one place of a terminal.
type screen struct {
	w     io.Writer
	fd    int
	color bool
	drawn int // lines on the screen that the next draw goes over
}

// newScreen returns a screen on w, or nil if w is no terminal.
func newScreen(w io.Writer) *screen {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return nil
	}
	return &screen{w: w, fd: int(f.Fd()), color: os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
}

// size returns the columns and lines of the terminal as they are now.
func (s *screen) size() (columns, lines int) {
	columns, lines, err := term.GetSize(s.fd)
	if err != nil || columns <= 0 || lines <= 0 {
		return 80, 24
	}
	return columns, lines
}

// draw replaces what was drawn before. Lines are expected to fit the terminal.
func (s *screen) draw(lines []string) {
	var b strings.Builder
	if s.drawn > 0 {
		fmt.Fprintf(&b, "\x1b[%dA", s.drawn)
	}
	for _, line := range lines {
		b.WriteString("\r" + line + "\x1b[K\n")
	}
	b.WriteString("\x1b[J")
	s.drawn = len(lines)
	// A terminal that is gone shows nothing, and there is nobody to tell.
	_, _ = io.WriteString(s.w, b.String())
}
