package disk

import (
	"fmt"
	"testing"
)

// BenchmarkOpen opens each file of many in turn, of which few stay open, to write
// 16 KiB and to read them.
func BenchmarkOpen(b *testing.B) {
	for _, count := range []int{500, 5000, 50000} {
		var files []any
		for i := range count {
			files = append(files, fmt.Sprintf("d/d%d/f%d", i/100, i), 16<<10)
		}
		l := lay(16<<10, files...)
		d := open(b, Options{Dir: b.TempDir(), Layout: l})
		block := make([]byte, 16<<10)
		b.Run(fmt.Sprint("create/", count), func(b *testing.B) {
			i := 0
			for ; b.Loop(); i++ {
				if err := d.Write(i%count, 0, [][]byte{block}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(max(0, i-count))/float64(i), "rewritten")
		})
		for i := range count {
			if err := d.Write(i, 0, [][]byte{block}); err != nil {
				b.Fatal(err)
			}
		}
		b.Run(fmt.Sprint("read/", count), func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				if _, err := d.ReadAt(block, int64(i%count)<<14); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprint("forget/", count), func(b *testing.B) {
			for b.Loop() {
				handles.forget(d)
			}
		})
	}
}
