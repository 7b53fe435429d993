package terminal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"piecewise/engine"
)

func rowOf(name string, have, wanted int64) *engine.Torrent {
	t := &engine.Torrent{
		ID: engine.ID{1}, Name: name, State: engine.Downloading, Meta: &engine.Meta{Pieces: 4},
		Pieces: engine.UniformPieces(4, engine.Missing), Size: 50_000_000, Wanted: wanted, Have: have,
		Down: 1_000_000, Up: 2000, Downloaded: 11, Uploaded: 12, Peers: 3, Seeds: 1, ETA: 90 * time.Second,
	}
	if have == wanted {
		t.State, t.ETA = engine.Seeding, -1
	}
	return t
}

// The shape of the lines is an interface to other programs.
func TestJSONLine(t *testing.T) {
	var out bytes.Buffer
	j := &jsonLines{w: &out}
	j.way("tun0 is gone: nothing leaves")
	row := rowOf("ä \"b\"\n", 20, 40)
	row.Trackers, row.TrackersWorking, row.TrackerErr, row.TrackerRefused = 2, 1, "not registered", true
	row.SwarmSeeds, row.SwarmPeers = 4, 9
	if err := j.second([]*engine.Torrent{row}); err != nil {
		t.Fatal(err)
	}
	want := `{"infohash":"0100000000000000000000000000000000000000","name":"ä \"b\"\n","state":"downloading","done":false,` +
		`"size":50000000,"have":20,"downloaded":11,"uploaded":12,"down":1000000,"up":2000,"peers":3,"seeds":1,"eta":90,"error":"",` +
		`"trackers":2,"trackers_working":1,"tracker_error":"not registered","tracker_refused":true,"swarm_seeds":4,"swarm_peers":9,"way":"tun0 is gone: nothing leaves"}` + "\n"
	if out.String() != want {
		t.Errorf("got  %swant %s", out.String(), want)
	}
	out.Reset()
	row.State, row.Err, row.ETA = engine.Faulted, "the disk is full", -1
	if err := j.end([]*engine.Torrent{row}); err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got["state"] != "error" || got["error"] != "the disk is full" || got["eta"] != -1.0 {
		t.Errorf("a torrent that stopped is told as %v", got)
	}
}

func TestJSONTellsDoneAtOnce(t *testing.T) {
	var out bytes.Buffer
	j := &jsonLines{w: &out}
	var lines []int
	for _, have := range []int64{0, 20, 40, 40, 20, 40} {
		if err := j.changed([]*engine.Torrent{rowOf("a", have, 40)}); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, strings.Count(out.String(), "\n"))
	}
	if want := []int{0, 0, 1, 1, 2, 3}; !reflect.DeepEqual(lines, want) {
		t.Errorf("lines after each snapshot: %v, want %v", lines, want)
	}
}

func TestPlainLines(t *testing.T) {
	var out bytes.Buffer
	p := &plainLines{w: &out}
	rows := []*engine.Torrent{rowOf("evil\x1b[2J", 20_000_000, 40_000_000)}
	for range 10 {
		if err := p.second(rows); err != nil {
			t.Fatal(err)
		}
	}
	want := `evil\u001b[2J: 50 % of 40.0 MB  ↓ 1.00 MB/s  ↑ 2.00 kB/s  3 peers  1 min left` + "\n"
	if out.String() != want+want {
		t.Errorf("got %q, want twice %q", out.String(), want)
	}
}

func TestStatus(t *testing.T) {
	tests := []struct {
		name string
		row  *engine.Torrent
		want string
	}{
		{"done", rowOf("a", 40, 40), "100 % of 40 B  ↓ 1.00 MB/s  ↑ 2.00 kB/s  3 peers"},
		{"fault", &engine.Torrent{State: engine.Faulted, Err: "the disk\nis full"}, `the disk\nis full`},
		{"metadata that comes", &engine.Torrent{State: engine.Metadata, Fetch: &engine.Fetch{Came: 1, Of: 3}}, "Getting the torrent's details: 1 of 3 pieces from invalid AddrPort"},
		{"metadata", &engine.Torrent{State: engine.Metadata, Peers: 1}, "waiting for a peer to send the list of files, 1 peer"},
		{"checking", &engine.Torrent{State: engine.Checking, Pieces: engine.UniformPieces(8, engine.Missing), Checked: 2}, "checking what is there: 25 %"},
		{"starting", &engine.Torrent{State: engine.Starting}, "starting"},
	}
	for _, tt := range tests {
		if got := status(tt.row); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestLayOut(t *testing.T) {
	var rows []*engine.Torrent
	for i := range 10 {
		have := int64(40)
		if i == 9 {
			have = 1
		}
		rows = append(rows, rowOf(fmt.Sprint("torrent ", i), have, 40))
	}
	got := layOut(rows[:2], 80, 24, false)
	if len(got) != 6 || got[0] != "torrent 0" || got[3] != "torrent 1" {
		t.Errorf("two torrents: %q", got)
	}
	got = layOut(rows, 20, 9, false)
	if len(got) != 7 || got[0] != "torrent 9" || got[6] != "and 8 more torrents" {
		t.Errorf("ten torrents on nine lines: %q", got)
	}
	for _, line := range got {
		if n := len([]rune(line)); n > 19 {
			t.Errorf("%q has %d columns of 19", line, n)
		}
	}
}

// Why nothing leaves is told once, at once, and that it does again.
func TestWayOut(t *testing.T) {
	var out bytes.Buffer
	p := &plainLines{w: &out}
	for _, w := range []engine.Way{
		{},
		{Bound: "tun0", Closed: "tun0 is gone: nothing leaves"},
		{Bound: "tun0", Closed: "tun0 is gone: nothing leaves"},
		{Bound: "tun0"},
		{Proxy: "SOCKS5 10.0.0.1:1080", Failed: "it hangs up\x1b[2J"},
	} {
		p.way(wayOut(w))
	}
	want := "tun0 is gone: nothing leaves.\nThe way out is open again.\n" +
		"The proxy fails (SOCKS5 10.0.0.1:1080), and nothing goes past it: it hangs up\\u001b[2J.\n"
	if out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
	shown := withWay(wayOut(engine.Way{Closed: "tun0 is gone: nothing leaves"}), 14, []string{"a"})
	if want := []string{"a", "tun0 is gone:"}; !reflect.DeepEqual(shown, want) {
		t.Errorf("shown: %q, want %q", shown, want)
	}
}
