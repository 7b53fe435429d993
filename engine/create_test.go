package engine

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"piecewise/engine/internal/create"
)

// someContent writes files of which torrents can be made.
func someContent(t *testing.T, names ...string) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), "content")
	for i, name := range names {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, slices.Repeat([]byte(name), i*50_000), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func makeOf(t *testing.T, path string, format Format) *Created {
	t.Helper()
	c := must[*Content](t)(LookAt(t.Context(), path, IgnoredNames(), ""))
	return must[*Created](t)(Create(t.Context(), c, CreateOptions{Format: format, PieceLength: 32 << 10}, nil))
}

// logOf returns what the engine has written down about a torrent.
func logOf(b *bench, id ID) string {
	b.t.Helper()
	if err := b.Watch(b.t.Context(), id); err != nil {
		b.t.Fatal(err)
	}
	b.await("log", func(s *Snapshot) bool { return s.Detail != nil && s.Detail.ID == id })
	var all []string
	for _, l := range b.snap.Detail.Log {
		all = append(all, l.Text)
	}
	return strings.Join(all, "\n")
}

// What was made seeds at once, without a check; what has changed since is checked.
func TestCreatedSeedsAtOnce(t *testing.T) {
	for _, c := range []struct {
		name  string
		files []string // their names; the first is empty
		path  string   // of what a torrent is made of
	}{
		{"folder", []string{"empty", "a", "sub/b"}, ""},
		{"file", []string{"empty", "a"}, "a"},
		{"folder with a file of its name", []string{"../empty", "content"}, ""},
	} {
		for _, format := range []Format{FormatV1, FormatV2, FormatHybrid} {
			for _, changed := range []bool{false, true} {
				root := someContent(t, c.files...)
				made := makeOf(t, filepath.Join(root, c.path), format)
				src, dir, err := made.Source()
				if err != nil {
					t.Fatal(c.name, format, err)
				}
				if changed {
					path := filepath.Join(root, c.files[1])
					if err := os.Chtimes(path, time.Now(), time.Unix(1e9, 0)); err != nil {
						t.Fatal(err)
					}
				}
				b := launch(t, loopbackConfig(filepath.Join(t.TempDir(), "p"), t.TempDir()))
				id := must[ID](t)(b.Add(t.Context(), src, AddOptions{Dir: dir}))
				b.awaitState(id, Seeding)
				if log := logOf(b, id); strings.Contains(log, "Checked") != changed || strings.Contains(log, "have not changed") == changed {
					t.Errorf("%s, format %d, changed %v: the log is %q", c.name, format, changed, log)
				}
				b.stop()
			}
		}
	}
}

// Elsewhere the data is not there, so it is not believed.
func TestCreatedElsewhere(t *testing.T) {
	src, _, err := makeOf(t, someContent(t, "empty", "a"), FormatV1).Source()
	if err != nil {
		t.Fatal(err)
	}
	b := launch(t, loopbackConfig(filepath.Join(t.TempDir(), "p"), t.TempDir()))
	id := must[ID](t)(b.Add(t.Context(), src, AddOptions{}))
	b.awaitState(id, Downloading)
	if row := b.snap.Torrent(id); row.Have != 0 {
		t.Errorf("%d bytes are believed to be there", row.Have)
	}
}

func TestCreatedWithNamesThatAreNotSafe(t *testing.T) {
	long := strings.Repeat("a", 255) // there is no room for a suffix behind it
	_, _, err := makeOf(t, someContent(t, "empty", long), FormatHybrid).Source()
	if err == nil || !strings.Contains(err.Error(), `a" cannot be seeded where it is`) {
		t.Errorf("the error is %v", err)
	}
}

func TestCreatedSaves(t *testing.T) {
	made := makeOf(t, someContent(t, "empty", "a"), FormatV2)
	path := filepath.Join(t.TempDir(), "a.torrent")
	if err := made.Save(path, false); err != nil {
		t.Fatal(err)
	}
	if err := made.Save(path, false); !errors.Is(err, fs.ErrExist) {
		t.Errorf("it was overwritten: %v", err)
	}
	src := must[*Source](t)(Open(t.Context(), path, true))
	if src.HashV2 != made.HashV2 || src.Meta.Pieces != made.Pieces {
		t.Errorf("it reads as %+v", src.Meta)
	}
}

func TestIgnoredNamesAreACopy(t *testing.T) {
	IgnoredNames()[0] = "x"
	if create.Ignored[0] == "x" {
		t.Error("a caller can change the patterns")
	}
}
