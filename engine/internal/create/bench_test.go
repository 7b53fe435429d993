package create

import (
	"path/filepath"
	"testing"
)

// BenchmarkMake reads 512 MiB from the page cache, in one file and in many.
func BenchmarkMake(b *testing.B) {
	const size = 512 << 20
	for name, files := range map[string]int{"one": 1, "many": 5000} {
		root := filepath.Join(b.TempDir(), "dir")
		block := noise(size / files)
		for i := range files {
			put(b, filepath.Join(root, string(rune('a'+i%20)), string(rune('a'+i/20%20)), string(rune('a'+i/400))), block)
		}
		for format, kind := range []string{"v1", "v2", "hybrid"} {
			b.Run(name+"/"+kind, func(b *testing.B) {
				f := look(b, root)
				b.SetBytes(f.Size)
				for b.Loop() {
					if _, err := f.Make(b.Context(), Options{Format: Format(format)}, nil); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
