package test

import (
	"image"
	"image/color"
)

// Picture is what is on the screen. What it tells is what a user would see.
type Picture struct{ *image.RGBA }

// Has reports whether there is anything but one plain colour in a part.
func (p Picture) Has(part image.Rectangle) bool { return len(p.Marks(part, part.Dx())) > 0 }

// Marks returns, from left to right, what stands in a row of things before a
// plain background, at least gap pixels apart. Lines are left out.
func (p Picture) Marks(row image.Rectangle, gap int) []image.Rectangle {
	const line = 3
	plain := p.Plain(row)
	var marks []image.Rectangle
	last := -gap - 1
	for x := row.Min.X; x < row.Max.X; x++ {
		if !p.marked(x, row, plain) {
			continue
		}
		if n := len(marks); n > 0 && x-last <= gap {
			marks[n-1].Max.X = x + 1
		} else {
			marks = append(marks, image.Rect(x, row.Min.Y, x+1, row.Max.Y))
		}
		last = x
	}
	kept := marks[:0]
	for _, m := range marks {
		if m.Dx() > line {
			kept = append(kept, m)
		}
	}
	return kept
}

func (p Picture) marked(x int, row image.Rectangle, plain color.RGBA) bool {
	for y := row.Min.Y; y < row.Max.Y; y++ {
		if distance(p.RGBAAt(x, y), plain) > 40 {
			return true
		}
	}
	return false
}

// Plain returns the colour that a part has most of.
func (p Picture) Plain(part image.Rectangle) color.RGBA {
	counts := map[color.RGBA]int{}
	var most color.RGBA
	for y := part.Min.Y; y < part.Max.Y; y++ {
		for x := part.Min.X; x < part.Max.X; x++ {
			c := p.RGBAAt(x, y)
			counts[c]++
			if counts[c] > counts[most] {
				most = c
			}
		}
	}
	return most
}

// Contrast returns how much, of 255, the strongest pixel of a part stands out.
func (p Picture) Contrast(part image.Rectangle) int {
	plain, most := p.Plain(part), 0
	for y := part.Min.Y; y < part.Max.Y; y++ {
		for x := part.Min.X; x < part.Max.X; x++ {
			most = max(most, distance(p.RGBAAt(x, y), plain))
		}
	}
	return most
}

// Share returns how much of a part has a colour, from 0 to 1.
func (p Picture) Share(part image.Rectangle, c color.RGBA) float64 {
	n := 0
	for y := part.Min.Y; y < part.Max.Y; y++ {
		for x := part.Min.X; x < part.Max.X; x++ {
			if p.RGBAAt(x, y) == c {
				n++
			}
		}
	}
	return float64(n) / float64(part.Dx()*part.Dy())
}

// Button returns the middle of the topmost area of a colour that is large enough
// for a button.
func (p Picture) Button(c color.RGBA) (image.Point, bool) {
	const width, height = 24, 28
	b := p.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		run := 0
		for x := b.Min.X; x < b.Max.X; x++ {
			if p.RGBAAt(x, y) == c {
				run++
				continue
			}
			if run >= width {
				return image.Pt(x-run/2, y+height/2), true
			}
			run = 0
		}
	}
	return image.Point{}, false
}

// distance returns how different two colours are, at most 255.
func distance(a, b color.RGBA) int {
	d := 0
	for _, pair := range [][2]uint8{{a.R, b.R}, {a.G, b.G}, {a.B, b.B}} {
		d = max(d, max(int(pair[0]), int(pair[1]))-min(int(pair[0]), int(pair[1])))
	}
	return d
}
