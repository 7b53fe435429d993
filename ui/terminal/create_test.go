package terminal

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"piecewise/engine"
)

// data is a folder with two files, and one that nobody wants.
func data(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data")
	if err := os.MkdirAll(filepath.Join(dir, "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, size := range map[string]int{"a": 100_000, "sub/b": 5, "Thumbs.db": 1} {
		if err := os.WriteFile(filepath.Join(dir, name), make([]byte, size), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// runs runs a command line and returns its exit code and what it printed.
func runs(ctx context.Context, t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	c, err := Parse(args)
	if err != nil {
		return Report(&e, err), "", e.String()
	}
	code = c.Run(ctx, Stdio{Out: &o, Err: &e})
	return code, o.String(), e.String()
}

func TestCreateCommand(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.torrent")
	code, out, errs := runs(t.Context(), t, "create", data(t), "-o", file, "--format", "hybrid", "--piece-size", "32KiB")
	if code != 0 || !strings.Contains(out, "\ninfo hash: ") || !strings.Contains(out, "\nv2 info hash: ") {
		t.Errorf("code %d, %q", code, out)
	}
	for _, want := range []string{"data: 100 kB in 2 files, 5 pieces of 32 KiB, a .torrent of ", "left out: Thumbs.db (ignored)\n"} {
		if !strings.Contains(errs, want) {
			t.Errorf("%q lacks %q", errs, want)
		}
	}
	code, out, _ = runs(t.Context(), t, "show", file)
	if code != 0 || !strings.Contains(out, "Version    hybrid") || !strings.Contains(out, "by Piecewise "+Version) {
		t.Errorf("code %d, %q", code, out)
	}
}

func TestCreateCommandJSON(t *testing.T) {
	dir, file := data(t), filepath.Join(t.TempDir(), "a.torrent")
	code, out, errs := runs(t.Context(), t, "create", dir, "-o", file, "--json", "--all-files", "--ignore", "sub", "--no-date", "--format=v2")
	var got map[string]any
	if err := json.Unmarshal([]byte(out), &got); err != nil || code != 0 || errs != "" {
		t.Fatalf("code %d, %v, %q, %q", code, err, out, errs)
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	src, err := engine.Open(t.Context(), file, true)
	if err != nil {
		t.Fatal(err)
	}
	delete(got, "infohash_v2")
	want := map[string]any{
		"torrent": file, "name": "data", "version": "v2", "size": 100_001.0, "files": 2.0, "piece_length": 16384.0, "pieces": 8.0,
		"torrent_size": float64(len(raw)), "left_out": 1.0,
	}
	if !reflect.DeepEqual(got, want) || !src.Meta.Created.IsZero() {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestCreateOptions(t *testing.T) {
	c, err := Parse([]string{
		"create", "x", "--tracker", "http://a/,http://b/", "--tracker=udp://c:1", "--web-seed", "http://w/a,b", "--private",
		"--source", "s", "--comment", "c", "--piece-size", "1MiB",
	})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(1e9, 0)
	o, err := c.args.Create.options(now)
	want := engine.CreateOptions{
		PieceLength: 1 << 20, Private: true, Source: "s", Comment: "c", CreatedBy: "Piecewise " + Version, Created: now,
		Trackers: [][]string{{"http://a/", "http://b/"}, {"udp://c:1"}}, WebSeeds: []string{"http://w/a,b"},
	}
	if err != nil || !reflect.DeepEqual(o, want) {
		t.Errorf("got %+v, %v", o, err)
	}
}

// A failed command leaves nothing behind, and nothing is overwritten.
func TestCreateCommandFails(t *testing.T) {
	dir, out := data(t), t.TempDir()
	there := filepath.Join(out, "there")
	if err := os.WriteFile(there, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		name string
		ctx  context.Context
		args []string
		code int
		say  string
	}{
		{"there", t.Context(), []string{dir, "-o", there}, 3, "is there already; --force"},
		{"no data", t.Context(), []string{filepath.Join(dir, "nothing"), "-o", there + "2"}, 3, "no such file"},
		{"no folder", t.Context(), []string{dir, "-o", filepath.Join(out, "no", "a")}, 3, "cannot be written"},
		{"interrupted", ended, []string{dir, "-o", there + "2"}, 130, ""},
		{"size", t.Context(), []string{dir, "--piece-size", "5MiB"}, 2, "power of two"},
		{"small size", t.Context(), []string{dir, "--piece-size", "8KiB"}, 2, "power of two"},
		{"format", t.Context(), []string{dir, "--format", "v3"}, 2, "not v1, v2 or hybrid"},
		{"tracker", t.Context(), []string{dir, "-o", there + "2", "--tracker", "http://a/,"}, 2, "it is empty"},
		{"web seed", t.Context(), []string{dir, "-o", there + "2", "--web-seed", "a"}, 2, "web seed"},
		{"pattern", t.Context(), []string{dir, "-o", there + "2", "--ignore", "["}, 3, "not a pattern"},
		{"no path", t.Context(), nil, 2, "expected"},
	} {
		code, _, errs := runs(c.ctx, t, append([]string{"create"}, c.args...)...)
		if code != c.code || !strings.Contains(errs, c.say) {
			t.Errorf("%s: code %d, %q", c.name, code, errs)
		}
	}
	if entries, err := os.ReadDir(out); err != nil || len(entries) != 1 {
		t.Errorf("there are %v, %v", entries, err)
	}
	if b, err := os.ReadFile(there); err != nil || string(b) != "old" {
		t.Errorf("it was overwritten: %q, %v", b, err)
	}
	if code, _, errs := runs(t.Context(), t, "create", dir, "-o", there, "--force"); code != 0 {
		t.Errorf("with force: code %d, %q", code, errs)
	}
}

// What is inside the folder does not get into itself.
func TestCreateCommandInside(t *testing.T) {
	dir := data(t)
	for range 2 {
		if code, _, errs := runs(t.Context(), t, "create", dir, "-o", filepath.Join(dir, "a.torrent"), "-f"); code != 0 || !strings.Contains(errs, "in 2 files") {
			t.Errorf("code %d, %q", code, errs)
		}
	}
}
