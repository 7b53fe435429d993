package terminal

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"piecewise/engine"
)

func sourceOf() *engine.Source {
	m := &engine.Meta{
		HashV1: engine.ID{0xab}, Name: "Пример", PieceLength: 256 << 10, Pieces: 3, Size: 786_000, Private: true,
		Comment: "two\nlines", CreatedBy: "maker 1.0", Created: time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC), Version: "v1",
		Files: []engine.File{
			{Path: []string{"Пример", "a.bin"}, Length: 785_000},
			{Path: []string{"Пример", "sub", "b\u202e.bin"}, Length: 1000, Offset: 785_000},
			{Path: []string{"Пример", "empty"}, Offset: 786_000},
		},
	}
	return &engine.Source{ID: m.HashV1, Name: m.Name, Meta: m, Trackers: [][]string{{"http://a/announce"}, {"udp://b:1"}}, WebSeeds: []string{"http://c/"}}
}

func TestShow(t *testing.T) {
	var out bytes.Buffer
	if err := show(&out, sourceOf()); err != nil {
		t.Fatal(err)
	}
	want := `Name       Пример
Info hash  ab00000000000000000000000000000000000000
Size       786 kB (786,000 bytes) in 3 files
Pieces     3 of 256 KiB
Version    v1
Private    yes: peers from its trackers only
Created    2 Jan 2026, 03:04 by maker 1.0
Comment    two\nlines
Tracker    http://a/announce (tier 1)
Tracker    udp://b:1 (tier 2)
Web seed   http://c/

   785 kB  Пример/a.bin
  1.00 kB  Пример/sub/b\u202e.bin
      0 B  Пример/empty
`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}

func TestShowMagnet(t *testing.T) {
	var out bytes.Buffer
	src := sourceOf()
	src.Meta, src.Name = nil, ""
	if err := show(&out, src); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Name       –\n", "Tracker    udp://b:1 (tier 2)\n", "Files      not known before a peer sends the list\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q lacks %q", out.String(), want)
		}
	}
}

func TestShowV2(t *testing.T) {
	src := sourceOf()
	src.HashV2 = [32]byte{0xcd, 31: 0xef}
	var out bytes.Buffer
	if err := show(&out, src); err != nil {
		t.Fatal(err)
	}
	hash := "cd" + strings.Repeat("00", 30) + "ef"
	if !strings.Contains(out.String(), "v2 hash    "+hash+"\n") {
		t.Errorf("%q lacks the v2 hash", out.String())
	}
	if c := content(src); c.InfoHashV2 != hash {
		t.Errorf("JSON has %q", c.InfoHashV2)
	}
}

func TestShowJSON(t *testing.T) {
	text, err := json.Marshal(content(sourceOf()))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"infohash":"ab00000000000000000000000000000000000000","name":"Пример","version":"v1","size":786000,` +
		`"piece_length":262144,"pieces":3,"private":true,"comment":"two\nlines","created_by":"maker 1.0",` +
		`"created":"2026-01-02T03:04:00Z","trackers":[["http://a/announce"],["udp://b:1"]],"web_seeds":["http://c/"],"files":[` +
		`{"path":"Пример/a.bin","length":785000},{"path":"Пример/sub/b` + "\u202e" + `.bin","length":1000},{"path":"Пример/empty","length":0}]}`
	if string(text) != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}
}

func TestPieceSize(t *testing.T) {
	for n, want := range map[int64]string{16 << 10: "16 KiB", 4 << 20: "4 MiB", 1000: "1000 bytes"} {
		if got := pieceSize(n); got != want {
			t.Errorf("pieceSize(%d) = %q, want %q", n, got, want)
		}
	}
}
