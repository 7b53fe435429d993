package piecemap

import (
	"image"
	"slices"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"

	"piecewise/engine"
)

// shown shows a map of 300 × 100 that counts how often it is drawn.
func shown(t *testing.T, scale float32) (m *Map, draws *int) {
	t.Helper()
	test.NewTempApp(t)
	m = NewMap()
	draws = new(int)
	generate := m.raster.Generator
	m.raster.Generator = func(w, h int) image.Image { *draws++; return generate(w, h) }
	w := test.NewTempWindow(t, m)
	w.SetPadded(false)
	w.Canvas().(interface{ SetScale(float32) }).SetScale(scale)
	w.Resize(fyne.NewSize(300, 100))
	w.Canvas().Capture()
	return m, draws
}

func TestMapHover(t *testing.T) {
	for _, scale := range []float32{1, 2} {
		m, _ := shown(t, scale)
		var got [][2]int
		m.OnHover = func(first, end int) { got = append(got, [2]int{first, end}) }
		m.SetStrip(Strip{Source: engine.UniformPieces(10, engine.Missing)})
		fyne.CurrentApp().Driver().CanvasForObject(m).Capture()
		for _, x := range []float32{1, 2, 40, 299, 500} {
			ev := &desktop.MouseEvent{}
			ev.Position = fyne.NewPos(x, 5)
			m.MouseMoved(ev)
		}
		m.MouseIn(&desktop.MouseEvent{})
		m.MouseOut()
		want := [][2]int{{0, 1}, {1, 2}, {0, 0}, {0, 1}, {0, 0}}
		if !slices.Equal(got, want) {
			t.Errorf("at scale %g hovered %v, want %v (%+v)", scale, got, want, m.grid)
		}
	}
}

func TestUnchangedStripIsNotDrawn(t *testing.T) {
	var s Shown
	recent := NewRecent(time.Second)
	states := []engine.PieceState{engine.Missing, engine.Verified}
	first, second := engine.UniformPieces(2, engine.Missing), engine.NewPieces(states)
	recent.Observe(first, time.Time{})
	for i, step := range []struct {
		strip Strip
		want  bool
	}{
		{Strip{}, true},
		{Strip{}, false},
		{Strip{Source: first, Recent: recent}, true},
		{Strip{Source: first, Recent: recent}, false},
		{Strip{Source: Part{first, 0, 1}}, true},
		{Strip{Source: Part{first, 0, 1}}, false},
		{Strip{Source: Part{first, 0, 2}}, true},
		{Strip{Source: engine.FullBits(2)}, true},
		{Strip{Source: engine.FullBits(2)}, true}, // cannot be told
		{Strip{Source: first, Tint: Light.Failed}, true},
		{Strip{Source: first, Recent: recent}, true},
	} {
		if got := s.Update(step.strip); got != step.want {
			t.Errorf("step %d: changed is %v, want %v", i, got, step.want)
		}
	}
	recent.Observe(second, time.Time{})
	if !s.Update(Strip{Source: first, Recent: recent}) {
		t.Error("a piece that arrived is no change")
	}
}

func TestMapIsDrawn(t *testing.T) {
	m, draws := shown(t, 1)
	m.SetStrip(Strip{Source: engine.UniformPieces(4, engine.Verified)})
	before := *draws
	img := fyne.CurrentApp().Driver().CanvasForObject(m).Capture()
	if *draws == before {
		t.Error("the map was not drawn")
	}
	if r, g, b, _ := img.At(5, 5).RGBA(); rgb(r>>8<<16|g>>8<<8|b>>8) != paletteOf(m).Verified {
		t.Errorf("a verified piece is drawn %v", img.At(5, 5))
	}
}

func TestBarIsDrawn(t *testing.T) {
	test.NewTempApp(t)
	bar := NewBar()
	bar.SetStrip(Strip{Source: engine.UniformPieces(4, engine.Failed)})
	w := test.NewTempWindow(t, bar)
	w.SetPadded(false)
	w.Resize(fyne.NewSize(200, 20))
	img := w.Canvas().Capture()
	if r, g, b, _ := img.At(100, 10).RGBA(); rgb(r>>8<<16|g>>8<<8|b>>8) != paletteOf(bar).Failed {
		t.Errorf("a failed piece is drawn %v", img.At(100, 10))
	}
}
