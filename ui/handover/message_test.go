package handover

import (
	"bytes"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	long := `{"version":1,"dir":"/","args":["` + strings.Repeat("a", maxMessage) + `"]}`
	many := `{"version":1,"dir":"/","args":[` + strings.Repeat(`"",`, maxArgs) + `""]}`
	tests := []struct {
		name, line, wrong string // wrong is part of the error, empty for none
	}{
		{"nothing to open", `{"version":1,"dir":"/"}`, ""},
		{"a file and a magnet link", `{"version":1,"dir":"/home/a b","args":["/tmp/ü.torrent","magnet:?xt=1&dn=2"]}`, ""},
		{"empty", ``, "decode message"},
		{"not JSON", `hello`, "decode message"},
		{"two objects", `{"version":1,"dir":"/"}{}`, "decode message"},
		{"wrong type", `{"version":1,"dir":"/","args":"x"}`, "decode message"},
		{"no version", `{"dir":"/"}`, "version 0"},
		{"later version", `{"version":2,"dir":"/"}`, "version 2"},
		{"no directory", `{"version":1}`, "not absolute"},
		{"relative directory", `{"version":1,"dir":"tmp"}`, "not absolute"},
		{"NUL in the directory", `{"version":1,"dir":"/\u0000"}`, "directory is not plain"},
		{"NUL in an argument", `{"version":1,"dir":"/","args":["a","b\u0000c"]}`, "argument 2 is not plain"},
		{"not UTF-8", "{\"version\":1,\"dir\":\"/\xff\"}", "not valid UTF-8"},
		{"too many arguments", many, "too many"},
		{"too long", long, "too long"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := parse([]byte(tt.line))
			switch {
			case tt.wrong == "" && err != nil:
				t.Errorf("parse: %v", err)
			case tt.wrong != "" && (err == nil || !strings.Contains(err.Error(), tt.wrong)):
				t.Errorf("parse: error %v, want one with %q", err, tt.wrong)
			}
		})
	}
}

func TestEncodeRefuses(t *testing.T) {
	tests := map[string]Message{
		"too long":     {Dir: "/", Args: []string{strings.Repeat("a", maxMessage)}},
		"too many":     {Dir: "/", Args: make([]string, maxArgs+1)},
		"NUL":          {Dir: "/", Args: []string{"a\x00"}},
		"not UTF-8":    {Dir: "/", Args: []string{"\xff"}},
		"relative dir": {Dir: "here"},
	}
	for name, m := range tests {
		if _, err := m.encode(); err == nil {
			t.Errorf("%s: encoded", name)
		}
	}
}

func FuzzMessage(f *testing.F) {
	for _, s := range []string{
		`{"version":1,"dir":"/","args":[]}`,
		`{"version":1,"dir":"/home/x","args":["a.torrent","--dir","/tmp"]}` + "\n",
		`{"version":1,"dir":"/","args":["magnet:?xt=urn:btih:0000000000000000000000000000000000000000&dn=a%20b"]}`,
		`{"version":1,"dir":"/\ud800","args":["\u2028<>&"]}`,
		`{"version":9,"dir":"/"}`,
		`{"version":1,"dir":"/","args":[null]}`,
		`[[[[`, "\x00", "",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		m, err := parse(line)
		if err != nil {
			return
		}
		if len(m.Args) > maxArgs || !clean(m.Dir) || slices.ContainsFunc(m.Args, func(a string) bool { return !clean(a) }) {
			t.Fatalf("parse accepted %+v", m)
		}
		again, err := m.encode()
		if err != nil {
			// A line at the limit may grow when it is written in our way.
			if len(line) < maxMessage/6 {
				t.Fatalf("encode what was parsed: %v", err)
			}
			return
		}
		if bytes.Count(again, []byte("\n")) != 1 {
			t.Fatalf("message takes more than one line: %q", again)
		}
		back, err := parse(again)
		if err != nil {
			t.Fatalf("parse what was encoded: %v", err)
		}
		if m.Dir != back.Dir || !slices.Equal(m.Args, back.Args) {
			t.Fatalf("there and back: %+v, was %+v", back, m)
		}
	})
}

func TestAbsolute(t *testing.T) {
	dir := t.TempDir()
	touch(t, dir, "a.torrent")
	touch(t, dir, "-x")
	m := Message{Dir: dir, Args: []string{"a.torrent", "./a.torrent", "missing", "..", "-x", "", "magnet:?xt=1", "/etc/hosts"}}
	got, err := m.absolute()
	if err != nil {
		t.Fatal(err)
	}
	a := dir + "/a.torrent"
	want := Message{Dir: dir, Args: []string{a, a, "missing", "..", "-x", "", "magnet:?xt=1", "/etc/hosts"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("absolute: %q, want %q", got.Args, want.Args)
	}
	if m.Args[0] != "a.torrent" {
		t.Error("absolute changed the caller's slice")
	}
}
