package piecemap

import (
	"image/color"

	"piecewise/engine"
)

// kinds of pieces as they are drawn: the engine's states and just arrived.
const (
	arrived = int(engine.Failed) + 1
	kinds   = arrived + 1
)

// whole is the weight of a kind that all pieces of a cell are of.
const whole = 256

// floors are the least weights of a kind of which a cell has any piece at all,
// so that one among thousands is still seen.
var floors = [kinds]uint32{
	engine.Missing:   112,
	engine.Requested: 112,
	engine.Partial:   112,
	engine.Verified:  96,
	engine.Failed:    224,
	arrived:          192,
}

// tones are the colours of the kinds.
type tones [kinds]color.RGBA

func (p *Palette) tones(tint color.RGBA) tones {
	t := tones{
		engine.Missing:   p.Missing,
		engine.Requested: p.Requested,
		engine.Partial:   p.Partial,
		engine.Verified:  p.Verified,
		engine.Failed:    p.Failed,
		arrived:          p.Arrived,
	}
	if tint.A != 0 {
		t[engine.Verified] = tint
	}
	return t
}

// span returns the pieces [first, end) of cell c, if n pieces are spread over
// cells of them. With more cells than pieces several cells share a piece; the
// borders are whole cells, and no piece is left out. n and cells are above 0.
func span(c, cells, n int) (first, end int) {
	first = int(int64(c) * int64(n) / int64(cells))
	end = int(int64(c+1) * int64(n) / int64(cells))
	return first, max(first+1, end)
}

// sample writes the colours of cells cells, four bytes each, to pix. src has at
// least one piece.
func sample(pix []byte, cells int, strip Strip, t *tones) {
	src, offset := origin(strip.Source)
	n := strip.Source.Len()
	if p, ok := src.(*engine.Pieces); ok && strip.Recent.Len() == 0 {
		if state, uniform := p.Uniform(); uniform {
			fill(pix[:cells*4], t[state])
			return
		}
	}
	fresh := strip.Recent
	if fresh.Len() == 0 {
		fresh = nil
	}
	last, lastColour := -1, color.RGBA{}
	for c := range cells {
		first, end := span(c, cells, n)
		if first != last || end > first+1 {
			count := tally(src, offset+first, offset+end, fresh)
			lastColour = t.blend(&count, uint32(end-first))
			last = first
		}
		put(pix[c*4:], lastColour)
	}
}

// tally counts the kinds of the pieces [first, end).
func tally(src Source, first, end int, fresh *Recent) (count [kinds]uint32) {
	for i := first; i < end; i++ {
		state := int(src.State(i))
		if fresh != nil && state == int(engine.Verified) && fresh.has.Has(i) {
			state = arrived
		}
		count[state]++
	}
	return count
}

// blend mixes the colours of the kinds by their share of n pieces, but none
// that is there by less than its floor.
func (t *tones) blend(count *[kinds]uint32, n uint32) color.RGBA {
	var r, g, b, sum uint32
	for k, c := range count {
		if c == n {
			return t[k]
		}
		if c == 0 {
			continue
		}
		w := max(uint32(uint64(c)*whole/uint64(n)), floors[k])
		r += w * uint32(t[k].R)
		g += w * uint32(t[k].G)
		b += w * uint32(t[k].B)
		sum += w
	}
	return color.RGBA{R: uint8(r / sum), G: uint8(g / sum), B: uint8(b / sum), A: 0xFF}
}

func put(pix []byte, c color.RGBA) {
	_ = pix[3]
	pix[0], pix[1], pix[2], pix[3] = c.R, c.G, c.B, c.A
}

// fill sets all pixels of pix to c.
func fill(pix []byte, c color.RGBA) {
	if len(pix) < 4 {
		return
	}
	put(pix, c)
	for n := 4; n < len(pix); n *= 2 {
		copy(pix[n:], pix[:n])
	}
}
