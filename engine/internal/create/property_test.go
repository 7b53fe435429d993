package create

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"piecewise/engine/internal/admit"
	"piecewise/engine/internal/hash"
)

// oddNames are allowed on Unix; some of them the gate makes safe.
var oddNames = []string{
	"a", "b.bin", ".hidden", "é", "e\u0301", "con", "nul.txt", "a:b", "q?", "back\\slash", "new\nline", "bidi\u202ename", "trailing. ", "...", "~", "日本語",
	"\x01", strings.Repeat("l", 255), strings.Repeat("ü", 120), "1:a", "d", "e", "i5e", "piece layers", ".pad", "B.BIN", "b.BIN", "\u200b", "a.part", "\U0001F39E",
}

// FuzzMake makes torrents of random files, which the gate must let through and
// whose data must be right.
func FuzzMake(f *testing.F) {
	for seed := range uint64(30) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		r := rand.New(rand.NewPCG(seed, 5))
		o := Options{Format: Format(r.IntN(3)), PieceLength: MinPieceLength << r.IntN(4), Private: r.IntN(2) == 0}
		files, data := randomTree(t, r, o.PieceLength)
		made, err := files.Make(t.Context(), o, nil)
		if err != nil {
			t.Fatal(err)
		}
		checkMade(t, files, data, o, made)
	})
}

// randomTree returns files and what is in them, in order. One has data at least.
func randomTree(t *testing.T, r *rand.Rand, pieceLength int64) (*Files, [][]byte) {
	root := filepath.Join(t.TempDir(), oddNames[r.IntN(len(oddNames))])
	if r.IntN(4) == 0 {
		put(t, root, noise(1+randomSize(r, pieceLength)))
	} else {
		put(t, filepath.Join(root, "a.file"), noise(1+randomSize(r, pieceLength)))
	}
	if info, err := os.Stat(root); err == nil && info.IsDir() {
		for range r.IntN(20) {
			path := root
			for range 1 + r.IntN(3) {
				path = filepath.Join(path, oddNames[r.IntN(len(oddNames))])
			}
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err == nil { // what is a file already is no folder
				_ = os.WriteFile(path, noise(randomSize(r, pieceLength)), 0o644|os.FileMode(r.IntN(2))<<6)
			}
		}
	}
	files := look(t, root)
	var data [][]byte
	for i := range files.List {
		b, err := os.ReadFile(files.Full(i))
		if err != nil {
			t.Fatal(err)
		}
		data = append(data, b)
	}
	return files, data
}

// randomSize is around the bounds of blocks and pieces.
func randomSize(r *rand.Rand, pieceLength int64) int {
	bound := []int64{0, 0, hash.LeafSize, pieceLength, 2 * pieceLength, 5 * pieceLength, 256 << 10}[r.IntN(7)]
	return max(0, int(bound)+r.IntN(5)-2)
}

func checkMade(t *testing.T, files *Files, data [][]byte, o Options, made *Torrent) {
	t.Helper()
	gate, err := admit.Metainfo(made.Raw)
	if err != nil {
		t.Fatalf("%v: %q", err, names(files))
	}
	if o.Format != V2 && gate.ID != made.V1 || gate.Pieces() != made.Pieces || gate.PieceLength != o.PieceLength ||
		gate.Size != files.Size || gate.Private != o.Private {
		t.Fatalf("the gate reads something else than %+v", made)
	}
	all := make([]byte, gate.Length)
	next := 0
	for _, file := range gate.Files {
		if file.Pad {
			continue
		}
		if next == len(data) || file.Length != int64(len(data[next])) {
			t.Fatalf("the gate reads other files: %q", names(files))
		}
		copy(all[file.Offset:], data[next])
		next++
	}
	if next != len(data) {
		t.Fatalf("the gate reads %d files of %d", next, len(data))
	}
	p := hash.Pieces{Length: gate.Length, PieceLength: gate.PieceLength, Hashes: gate.Hashes, Trees: gate.Trees}
	var bad []int
	if err := hash.Verify(t.Context(), bytes.NewReader(all), p, func(i int, ok bool) {
		if !ok {
			bad = append(bad, i)
		}
	}); err != nil || bad != nil {
		t.Fatalf("pieces %v are wrong, %v", bad, err)
	}
}

// The same files give the same torrent, however the folder was filled.
func TestMakeIsDeterministic(t *testing.T) {
	var made [2][]byte
	content := noise(1000)
	for i := range made {
		root := filepath.Join(t.TempDir(), "dir")
		order := slices.Clone(oddNames)
		if i == 1 {
			slices.Reverse(order)
		}
		for _, name := range order {
			put(t, filepath.Join(root, name, "x"), content)
			put(t, filepath.Join(root, fmt.Sprint(len(name), "y")), content)
		}
		m, err := look(t, root).Make(t.Context(), Options{Format: Hybrid}, nil)
		if err != nil {
			t.Fatal(err)
		}
		made[i] = m.Raw
	}
	if !bytes.Equal(made[0], made[1]) {
		t.Error("two torrents of the same files differ")
	}
}
