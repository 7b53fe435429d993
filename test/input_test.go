package test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestVerify(t *testing.T) {
	t.Parallel()
	d := Make(t, "to verify", 16<<10, File{"a.bin", 5 << 14}, File{"b/c.bin", 3 << 14}, File{"empty", 0})
	torrent := d.Torrent(t, "")
	path := filepath.Join(d.Dir, d.Name, "a.bin")
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	write := func(content []byte) func() error {
		return func() error { return os.WriteFile(path, content, 0o644) }
	}
	wrong := append([]byte{content[0] + 1}, content[1:]...)
	for _, tt := range []struct {
		name   string
		change func() error
		code   int
		says   string
	}{
		{"all there", func() error { return nil }, 0, "all there: 8 pieces\n"},
		{"one byte wrong", write(wrong), 1, "piecewise: 1 of 8 pieces are missing or wrong\n"},
		{"cut short", write(content[:1<<14+5]), 1, "piecewise: 4 of 8 pieces are missing or wrong\n"},
		{"longer", write(append(content[:len(content):len(content)], "more"...)), 0, "all there: 8 pieces\n"},
		{"no file", func() error { return os.Remove(path) }, 1, "piecewise: 5 of 8 pieces are missing or wrong\n"},
		{"nothing", func() error { return os.RemoveAll(filepath.Join(d.Dir, d.Name)) }, 1, "piecewise: 8 of 8 pieces are missing or wrong\n"},
	} {
		if err := tt.change(); err != nil {
			t.Fatal(err)
		}
		if code, out, errs := Run(t, "verify", torrent, "--dir", d.Dir); code != tt.code || out+errs != tt.says {
			t.Errorf("%s: exit code %d, %q, want %d, %q", tt.name, code, out+errs, tt.code, tt.says)
		}
	}
}

func TestShow(t *testing.T) {
	t.Parallel()
	d := Make(t, "пример 🧩", 16<<10, Foreign...)
	code, out, errs := Run(t, "show", d.Torrent(t, "http://127.0.0.1:1/announce"))
	for _, want := range []string{d.Name, d.ID(), "http://127.0.0.1:1/announce", "例え/日本語 中文.bin", "empty.bin", "11 files"} {
		if code != 0 || errs != "" || !strings.Contains(out, want) {
			t.Errorf("show: exit code %d, %q %q, want 0 and %q", code, out, errs, want)
		}
	}
	if code, out, _ := Run(t, "show", d.Magnet("")); code != 0 || !strings.Contains(out, d.ID()) {
		t.Errorf("show of a magnet link: exit code %d, %q", code, out)
	}
}

// What cannot be read is refused with one sentence, and nothing is written.
func TestBrokenInput(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	good, err := os.ReadFile(Make(t, "good", 16<<10, File{Length: 1000}).Torrent(t, ""))
	if err != nil {
		t.Fatal(err)
	}
	file := func(name, content string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	info := func(rest string) string {
		return "d4:infod" + rest + "12:piece lengthi16384e6:pieces20:aaaaaaaaaaaaaaaaaaaaee"
	}
	sources := map[string]string{
		"no such file":    filepath.Join(folder, "nowhere.torrent"),
		"a folder":        folder,
		"empty":           file("empty", ""),
		"a web page":      file("page", "<!DOCTYPE html><title>404</title>"),
		"cut short":       file("short", string(good[:len(good)/2])),
		"more behind":     file("behind", string(good)+"more"),
		"negative length": file("negative", info("6:lengthi-1e4:name1:a")),
		"too few hashes":  file("few", info("6:lengthi100000e4:name1:a")),
		"no info hash":    "magnet:?dn=nothing",
		"bad info hash":   "magnet:?xt=urn:btih:xyz",
		"another host":    "http://192.0.2.1/a.torrent",
		"another scheme":  "ftp://127.0.0.1/a.torrent",
		"nobody answers":  "http://127.0.0.1:1/a.torrent",
	}
	for name, source := range sources {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, profile := t.TempDir(), t.TempDir()
			for _, args := range [][]string{{"get", source, "--dir", dir, "--profile", profile}, {"show", source}, {"verify", source}} {
				code, out, errs := Run(t, append(args, "--loopback")...)
				if code != 3 || out != "" || !strings.HasPrefix(errs, "piecewise: ") || strings.Count(errs, "\n") != 1 {
					t.Errorf("%s: exit code %d, %q, %q, want 3 and one sentence", args[0], code, out, errs)
				}
			}
			if len(Sums(t, dir)) > 0 || len(Sums(t, profile)) > 0 {
				t.Error("something was written")
			}
		})
	}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"get"}, {"get", "a", "--nonsense"}, {"get", "a", "--loopback", "--peer", "192.0.2.1:1"}, {"verify"}} {
		if code, out, errs := Run(t, args...); code != 2 || out != "" || strings.Count(errs, "\n") != 1 {
			t.Errorf("%q: exit code %d, %q, %q, want 2 and one sentence", args, code, out, errs)
		}
	}
	if code, out, _ := Run(t, "--help"); code != 0 || !strings.Contains(out, "Exit codes") {
		t.Errorf("--help: exit code %d, %q", code, out)
	}
}
