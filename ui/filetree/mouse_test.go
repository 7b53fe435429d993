package filetree

import (
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
)

// mouseDown presses the primary button at a place of a canvas.
func mouseDown(t *testing.T, c fyne.Canvas, at fyne.Position) {
	t.Helper()
	var target desktop.Mouseable
	var origin fyne.Position
	for _, o := range test.LaidOutObjects(c.Content()) {
		m, ok := o.(desktop.Mouseable)
		if !ok {
			continue
		}
		p := fyne.CurrentApp().Driver().AbsolutePositionForObject(o)
		if p.X <= at.X && at.X < p.X+o.Size().Width && p.Y <= at.Y && at.Y < p.Y+o.Size().Height {
			target, origin = m, p
		}
	}
	if target == nil {
		t.Fatalf("nothing takes the mouse at %v", at)
	}
	ev := &desktop.MouseEvent{Button: desktop.MouseButtonPrimary}
	ev.Position, ev.AbsolutePosition = at.Subtract(origin), at
	target.MouseDown(ev)
	target.MouseUp(ev)
}

func BenchmarkView(b *testing.B) {
	test.NewTempApp(b)
	v := NewPicker(Format{})
	w := test.NewTempWindow(b, v)
	w.Resize(fyne.NewSize(600, 400))
	v.SetMeta(metaOf(many(50_000)))
	v.Tree().SetAllOpen(true)
	v.Refresh()
	b.Run("toggle/50000", func(b *testing.B) {
		for b.Loop() {
			v.check(0)
		}
	})
	b.Run("fold-unfold/50000", func(b *testing.B) {
		for b.Loop() {
			v.fold(0)
			v.fold(0)
		}
	})
	b.Run("set-meta/50000", func(b *testing.B) {
		m := metaOf(many(50_000))
		for b.Loop() {
			v.SetMeta(nil)
			v.SetMeta(m)
		}
	})
}
