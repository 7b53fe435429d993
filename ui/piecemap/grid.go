package piecemap

import (
	"image"
	"image/color"
)

// Sizes of cells in pixels at scale 1.
const (
	largestCell  = 28
	smallestGap  = 3 // the smallest cell that has a gap to the next
	smallestCell = 2 // below it several pieces share a cell
)

// Grid is how the pieces of a torrent are laid out as cells in a map: row by
// row from the top left. All lengths are pixels.
type Grid struct {
	Width, Height int
	Pieces        int
	Cols, Rows    int // Rows counts those that have cells
	Cell, Gap     int // side of a cell, and space between two
	Cells         int // ≤ Pieces; equal to it if every piece has a cell of its own
}

// NewGrid chooses the largest cells with which all pieces fit. scale is how many
// pixels are as wide as one at normal density, at least 1.
func NewGrid(pieces, width, height, scale int) Grid {
	g := Grid{Width: width, Height: height, Pieces: pieces}
	if pieces <= 0 || width <= 0 || height <= 0 {
		return g
	}
	scale = max(scale, 1)
	for cell := largestCell * scale; cell >= smallestGap*scale; cell-- {
		if g.fit(cell, scale) {
			return g
		}
	}
	for cell := smallestGap * scale; cell >= smallestCell*scale; cell-- {
		if g.fit(cell, 0) {
			return g
		}
	}
	g.fit(max(1, min(g.Cell, width, height)), 0)
	return g
}

// fit lays the pieces out in cells of one size and reports whether each has one
// of its own.
func (g *Grid) fit(cell, gap int) bool {
	g.Cell, g.Gap = cell, gap
	g.Cols = (g.Width + gap) / (cell + gap)
	rows := (g.Height + gap) / (cell + gap)
	g.Cells = min(g.Pieces, g.Cols*rows)
	if g.Cols > 0 {
		g.Rows = (g.Cells + g.Cols - 1) / g.Cols
	}
	return g.Cells == g.Pieces
}

// Span returns the pieces [first, end) of a cell, 0 ≤ cell < Cells.
func (g *Grid) Span(cell int) (first, end int) { return span(cell, g.Cells, g.Pieces) }

// At returns the pieces [first, end) of the cell at a pixel; a gap counts to the
// cell before it. Both are 0 where there is none.
func (g *Grid) At(x, y int) (first, end int) {
	if x < 0 || y < 0 || g.Cells == 0 {
		return 0, 0
	}
	col, row := x/(g.Cell+g.Gap), y/(g.Cell+g.Gap)
	cell := row*g.Cols + col
	if col >= g.Cols || cell >= g.Cells {
		return 0, 0
	}
	return g.Span(cell)
}

// Rect returns where the cell of a piece is; empty if there is no such piece.
func (g *Grid) Rect(piece int) image.Rectangle {
	if piece < 0 || piece >= g.Pieces || g.Cells == 0 {
		return image.Rectangle{}
	}
	// The last cell whose first piece is not after piece.
	cell := int((int64(piece+1)*int64(g.Cells) - 1) / int64(g.Pieces))
	x, y := cell%g.Cols*(g.Cell+g.Gap), cell/g.Cols*(g.Cell+g.Gap)
	return image.Rect(x, y, x+g.Cell, y+g.Cell)
}

// Draw draws the map into the whole of dst, which is Width × Height. It returns
// the memory it used for the colours of the cells, to be given again.
func (g *Grid) Draw(dst *image.RGBA, strip Strip, p *Palette, scratch []byte) []byte {
	if g.Cells == 0 {
		hatch(dst, dst.Rect, p)
		return scratch
	}
	scratch = grow(scratch, g.Cells*4)
	t := p.tones(strip.Tint)
	sample(scratch, g.Cells, strip, &t)
	for row := range g.Rows {
		cells := scratch[row*g.Cols*4 : min((row+1)*g.Cols, g.Cells)*4]
		g.drawRow(dst, row*(g.Cell+g.Gap), cells, p.Background)
	}
	box(dst, image.Rect(0, g.Rows*(g.Cell+g.Gap), g.Width, g.Height), p.Background)
	return scratch
}

// drawRow draws the first line of pixels of a row of cells and copies it down.
func (g *Grid) drawRow(dst *image.RGBA, y int, cells []byte, background color.RGBA) {
	top := dst.Pix[y*dst.Stride : y*dst.Stride+g.Width*4]
	at := 0
	for c := 0; c < len(cells); c += 4 {
		for range g.Cell {
			copy(top[at:], cells[c:c+4])
			at += 4
		}
		for range min(g.Gap, (len(top)-at)/4) {
			put(top[at:], background)
			at += 4
		}
	}
	fill(top[at:], background)
	for line := 1; line < g.Cell; line++ {
		copy(dst.Pix[(y+line)*dst.Stride:], top)
	}
	box(dst, image.Rect(0, y+g.Cell, g.Width, y+g.Cell+g.Gap), background)
}
