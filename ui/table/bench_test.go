package table

import (
	"fmt"
	"testing"

	"fyne.io/fyne/v2"

	"piecewise/engine"
)

// BenchmarkRefresh refreshes a table of which half of the rows changed.
func BenchmarkRefresh(b *testing.B) {
	for _, n := range []int{100, 1_000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			l := items(n)
			tab, w := show(b, l)
			w.Resize(fyne.NewSize(1400, 700))
			tab.Select(l[n/2].name)
			pieces := [2]*engine.Pieces{engine.UniformPieces(1000, engine.Missing), engine.UniformPieces(1000, engine.Verified)}
			sizes := [2]string{"1 MB", "2 MB"}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				for row := 0; row < n; row += 2 {
					l[row].size, l[row].pieces = sizes[i%2], pieces[i%2]
				}
				tab.Refresh()
			}
		})
	}
}

func BenchmarkScroll(b *testing.B) {
	tab, w := show(b, items(10_000))
	w.Resize(fyne.NewSize(1400, 700))
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		tab.reveal(i * 37 % 10_000)
	}
}
