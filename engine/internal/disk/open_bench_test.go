package disk

import (
	"fmt"
	"testing"
	"time"
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

// BenchmarkMany downloads 5,000 files: it makes them, syncs them and gives them their
// names, each of which is told by itself.
func BenchmarkMany(b *testing.B) {
	const count, size = 5000, 16 << 10
	var files []any
	for i := range count {
		files = append(files, fmt.Sprintf("d/d%d/f%d", i/100, i), size)
	}
	l := lay(size, files...)
	block := make([]byte, size)
	var took [3]time.Duration
	for b.Loop() {
		d := open(b, Options{Dir: b.TempDir(), Layout: l, Policy: suffix})
		for n, step := range []func() error{
			func() (err error) {
				for p := 0; p < count && err == nil; p++ {
					err = d.Write(p, 0, [][]byte{block})
					d.Verified(p)
				}
				return err
			},
			d.Sync,
			func() error { return d.Complete(d.Have()) },
		} {
			start := time.Now()
			if err := step(); err != nil {
				b.Fatal(err)
			}
			took[n] += time.Since(start)
		}
		d.Close()
	}
	for n, step := range []string{"make", "sync", "name"} {
		b.ReportMetric(float64(took[n].Microseconds())/float64(b.N*count), step+"-us/file")
	}
}
