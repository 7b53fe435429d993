package disk

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// trashHome is $XDG_DATA_HOME of all tests: the trash library reads it once.
var trashHome string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "disk")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	trashHome = dir
	os.Setenv("XDG_DATA_HOME", dir)
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

func trashed(t *testing.T) []string {
	t.Helper()
	names := slices.Sorted(maps.Keys(files(t, filepath.Join(trashHome, "Trash", "files"))))
	if err := os.RemoveAll(filepath.Join(trashHome, "Trash")); err != nil {
		t.Fatal(err)
	}
	return names
}

func TestTrash(t *testing.T) {
	l := lay(8, "t/a", 3, "t/sub/b", 3, "pad/2", 2, "t/sub/deep/e", 0)
	single := lay(8, "x.iso", 8)
	for _, c := range []struct {
		name    string
		layout  Layout
		there   []string
		foreign []int
		trashed []string
		left    []string
	}{
		{"whole folder", l, []string{"t/a", "t/sub/b", "t/sub/deep/e", "other"}, nil, []string{"t/a", "t/sub/b", "t/sub/deep/e"}, []string{"other"}},
		{"half a torrent", l, []string{"t/sub/b"}, nil, []string{"t/sub/b"}, nil},
		{"a foreign file", l, []string{"t/a", "t/sub/b"}, []int{0}, []string{"b"}, []string{"t/a"}},
		{"a stranger's file", l, []string{"t/a", "t/sub/b", "t/sub/mine.txt"}, nil, []string{"a", "b"}, []string{"t/sub/mine.txt"}},
		{"only foreign files", l, []string{"t/a"}, []int{0}, nil, []string{"t/a"}},
		{"nothing there", l, []string{"other"}, nil, nil, []string{"other"}},
		{"single file", single, []string{"x.iso", "y.iso"}, nil, []string{"x.iso"}, []string{"y.iso"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			for _, name := range c.there {
				put(t, filepath.Join(dir, filepath.FromSlash(name)), []byte("abc"))
			}
			mine := Ours(Options{Dir: dir, Layout: c.layout, Foreign: c.foreign})
			for _, path := range mine {
				name, _ := filepath.Rel(dir, path)
				if !slices.Contains(c.there, filepath.ToSlash(name)) {
					t.Errorf("Ours names %s", name)
				}
			}
			if len(mine) != len(c.trashed) {
				t.Errorf("Ours = %q", mine)
			}
			if err := Trash(Options{Dir: dir, Layout: c.layout, Foreign: c.foreign}); err != nil {
				t.Fatal(err)
			}
			if len(c.trashed) > 0 {
				if got := trashed(t); !slices.Equal(got, c.trashed) {
					t.Errorf("in the trash: %q", got)
				}
			}
			if got := slices.Sorted(maps.Keys(files(t, dir))); !slices.Equal(got, c.left) {
				t.Errorf("left: %q", got)
			}
			if _, err := os.Stat(filepath.Join(dir, "t", "sub")); err == nil && c.name != "a stranger's file" {
				t.Error("an empty folder was left")
			}
		})
	}
}

func TestTrashRefusesRatherThanDeletes(t *testing.T) {
	dir, name := t.TempDir(), strings.Repeat("n", 255) // no room for ".trashinfo"
	put(t, filepath.Join(dir, name), []byte("keep"))
	err := Trash(Options{Dir: dir, Layout: lay(8, name, 4)})
	if err == nil || !strings.Contains(err.Error(), "stays where it is") {
		t.Errorf("Trash = %v", err)
	}
	if got := files(t, dir); got[name] != "keep" {
		t.Error("the file is gone")
	}
}

func TestTrashFollowsNoLink(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	put(t, filepath.Join(outside, "a"), []byte("keep"))
	if err := os.Symlink(outside, filepath.Join(dir, "t")); err != nil {
		t.Fatal(err)
	}
	l := lay(8, "t/a", 4)
	if mine := Ours(Options{Dir: dir, Layout: l}); len(mine) > 0 {
		t.Errorf("Ours = %q", mine)
	}
	if err := Trash(Options{Dir: dir, Layout: l}); err != nil {
		t.Error(err)
	}
	if got := files(t, outside); got["a"] != "keep" {
		t.Error("a file behind a link is gone")
	}
}

func TestExisting(t *testing.T) {
	dir := t.TempDir()
	l := lay(8, "t/a", 8, "pad/8", 8, "t/b", 8, "t/c", 0)
	put(t, filepath.Join(dir, "t/c"), nil)
	put(t, filepath.Join(dir, "pad/8"), nil)
	os.Symlink("nowhere", filepath.Join(dir, "t/b"))
	if got, _, err := Existing(Options{Dir: dir, Layout: l}); err != nil || !slices.Equal(got, []int{2, 3}) {
		t.Errorf("Existing = %v, %v", got, err)
	}
	if got, _, err := Existing(Options{Dir: filepath.Join(dir, "none"), Layout: l}); err != nil || got != nil {
		t.Errorf("Existing in a missing folder = %v, %v", got, err)
	}
	if _, _, err := Existing(Options{Dir: filepath.Join(dir, "t/c"), Layout: l}); err == nil {
		t.Error("a file was taken for a save folder")
	}
}
