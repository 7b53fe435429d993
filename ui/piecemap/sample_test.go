package piecemap

import (
	"fmt"
	"image/color"
	"testing"
	"time"

	"piecewise/engine"
)

// distance is how far apart two colours are, of at most 442.
func distance(a, b color.RGBA) int {
	dr, dg, db := int(a.R)-int(b.R), int(a.G)-int(b.G), int(a.B)-int(b.B)
	d := 0
	for d*d < dr*dr+dg*dg+db*db {
		d++
	}
	return d
}

// colours samples a strip into cells.
func colours(strip Strip, cells int, p *Palette) []color.RGBA {
	pix := make([]byte, cells*4)
	t := p.tones(strip.Tint)
	sample(pix, cells, strip, &t)
	out := make([]color.RGBA, cells)
	for i := range out {
		out[i] = color.RGBA{R: pix[4*i], G: pix[4*i+1], B: pix[4*i+2], A: pix[4*i+3]}
	}
	return out
}

var palettes = map[string]*Palette{"light": &Light, "dark": &Dark}

// FuzzSpan checks that cells and pieces cover each other without a gap.
func FuzzSpan(f *testing.F) {
	for _, s := range [][2]int{{1, 1}, {1, 1000}, {1000, 1}, {999, 1000}, {1000, 999}, {7, 3}, {100_000, 1400}} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, n, cells int) {
		n, cells = 1+abs(n)%200_000, 1+abs(cells)%5_000
		next := 0
		for c := range cells {
			first, end := span(c, cells, n)
			if first >= end || first < 0 || end > n {
				t.Fatalf("%d pieces in %d cells: cell %d has %d to %d", n, cells, c, first, end)
			}
			shared := n < cells && first == next-1
			if first != next && !shared {
				t.Fatalf("%d pieces in %d cells: cell %d starts at %d, the one before ended at %d", n, cells, c, first, next)
			}
			next = end
		}
		if next != n {
			t.Fatalf("%d pieces in %d cells: the last ends at %d", n, cells, next)
		}
	})
}

func abs(n int) int {
	if n < 0 {
		return -(n + 1)
	}
	return n
}

// TestBlendKeepsItsPromises goes through all mixtures of kinds, small and large.
func TestBlendKeepsItsPromises(t *testing.T) {
	const least = 24 // of 442
	shares := []uint32{0, 1, 2, 50, 5000}
	for name, p := range palettes {
		tones := p.tones(color.RGBA{})
		mixtures := 1
		for range kinds {
			mixtures *= len(shares)
		}
		for m := 1; m < mixtures; m++ {
			var count [kinds]uint32
			n := uint32(0)
			for k, rest := 0, m; k < kinds; k, rest = k+1, rest/len(shares) {
				count[k] = shares[rest%len(shares)]
				n += count[k]
			}
			c := tones.blend(&count, n)
			if v := count[engine.Verified]; v < n && distance(c, p.Verified) < least {
				t.Fatalf("%s: %v of %d looks verified: %v", name, count, n, c)
			} else if v > 0 && distance(c, p.Missing) < least {
				t.Fatalf("%s: %v of %d looks missing: %v", name, count, n, c)
			}
		}
	}
}

func TestOnePieceNeverDisappears(t *testing.T) {
	for _, n := range []int{1, 2, 999, 1000, 1001, 100_000} {
		for _, state := range []engine.PieceState{engine.Missing, engine.Requested, engine.Partial, engine.Failed} {
			for _, odd := range []int{0, n / 2, n - 1} {
				states := make([]engine.PieceState, n)
				for i := range states {
					states[i] = engine.Verified
				}
				states[odd] = state
				seen := 0
				for _, c := range colours(Strip{Source: engine.NewPieces(states)}, 1000, &Light) {
					if distance(c, Light.Verified) >= 24 {
						seen++
					}
				}
				if seen == 0 || n >= 1000 && seen > 1 {
					t.Errorf("piece %d of %d in state %d is seen in %d cells", odd, n, state, seen)
				}
			}
		}
	}
}

func TestFewPiecesHaveExactBorders(t *testing.T) {
	states := []engine.PieceState{engine.Verified, engine.Missing, engine.Failed}
	var runs []int
	var last color.RGBA
	for _, c := range colours(Strip{Source: engine.NewPieces(states)}, 10, &Light) {
		if c != last {
			runs = append(runs, 0)
			last = c
		}
		runs[len(runs)-1]++
	}
	if got, want := fmt.Sprint(runs), "[4 3 3]"; got != want {
		t.Errorf("runs of %s cells, want %s", got, want)
	}
}

func TestPart(t *testing.T) {
	pieces := engine.NewPieces([]engine.PieceState{engine.Missing, engine.Verified, engine.Failed, engine.Missing})
	got := colours(Strip{Source: Part{Of: pieces, First: 1, End: 3}}, 2, &Light)
	if got[0] != Light.Verified || got[1] != Light.Failed {
		t.Errorf("pieces 1 and 2 are drawn %v", got)
	}
	for _, c := range []struct{ part Part }{{Part{}}, {Part{pieces, 2, 2}}, {Part{pieces, 9, 12}}} {
		if got := c.part.Len(); got != 0 {
			t.Errorf("%+v has %d pieces", c.part, got)
		}
	}
	if got := (Part{pieces, 2, 9}).Len(); got != 2 {
		t.Errorf("a part beyond the end has %d pieces, want 2", got)
	}
}

func TestRecent(t *testing.T) {
	at := func(ms int) time.Time { return time.UnixMilli(int64(ms)) }
	pieces := func(verified ...int) *engine.Pieces {
		s := make([]engine.PieceState, 10)
		for _, i := range verified {
			s[i] = engine.Verified
		}
		return engine.NewPieces(s)
	}
	r := NewRecent(time.Second)
	same := pieces(1, 2, 3, 4)
	for i, step := range []struct {
		src     Source
		ms      int
		changed bool
		want    string
	}{
		{pieces(1), 0, false, "[]"},
		{pieces(1, 2), 100, true, "[2]"},
		{same, 600, true, "[2 3 4]"},
		{same, 700, false, "[2 3 4]"},
		{same, 1100, true, "[3 4]"},
		{pieces(1, 2, 4), 1200, false, "[3 4]"},
		{pieces(1, 2, 3, 4), 1300, false, "[3 4]"},
		{same, 5000, true, "[]"},
		{engine.UniformPieces(10, engine.Verified), 5100, true, "[0 5 6 7 8 9]"},
		{engine.UniformPieces(20, engine.Verified), 5200, true, "[]"},
		{nil, 5300, false, "[]"},
	} {
		version := r.Version()
		if got := r.Observe(step.src, at(step.ms)); got != step.changed || (r.Version() != version) != got {
			t.Errorf("step %d: changed is %v, want %v", i, got, step.changed)
		}
		got := []int{}
		for p := range 20 {
			if r.Has(p) {
				got = append(got, p)
			}
		}
		if fmt.Sprint(got) != step.want || r.Len() != len(got) {
			t.Errorf("step %d: %v just arrived (%d), want %s", i, got, r.Len(), step.want)
		}
	}
}

func TestArrivedIsSeenInAPart(t *testing.T) {
	r := NewRecent(time.Second)
	r.Observe(engine.UniformPieces(100_000, engine.Missing), time.Time{})
	states := make([]engine.PieceState, 100_000)
	states[70_001] = engine.Verified
	pieces := engine.NewPieces(states)
	r.Observe(pieces, time.Time{})
	got := colours(Strip{Source: Part{pieces, 70_000, 70_010}, Recent: r}, 10, &Light)
	for i, c := range got {
		want := Light.Missing
		if i == 1 {
			want = Light.Arrived
		}
		if c != want {
			t.Errorf("cell %d is %v, want %v", i, c, want)
		}
	}
	among := colours(Strip{Source: pieces, Recent: r}, 1000, &Light)[700]
	if distance(among, Light.Missing) < 60 {
		t.Errorf("one of a hundred pieces that just arrived is drawn %v", among)
	}
}
