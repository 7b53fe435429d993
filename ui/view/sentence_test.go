package view

import (
	"testing"
	"time"

	"piecewise/engine"
)

func TestSentence(t *testing.T) {
	pieces := engine.UniformPieces(100, engine.Missing)
	tests := []struct {
		want string
		t    engine.Torrent
	}{
		{"Downloading from 3 of 7 peers", engine.Torrent{State: engine.Downloading, Pieces: pieces, Wanted: 9, Peers: 3, SwarmPeers: 7, Down: 1}},
		{"Downloading from 3 peers", engine.Torrent{State: engine.Downloading, Pieces: pieces, Wanted: 9, Peers: 3, SwarmPeers: -1, Down: 1}},
		{"Waiting for 1 peer to send", engine.Torrent{State: engine.Downloading, Pieces: pieces, Wanted: 9, Peers: 1}},
		{"Waiting for peers: the tracker knows 0", engine.Torrent{State: engine.Downloading, Trackers: 1, TrackersWorking: 1}},
		{
			"Waiting for peers: connecting to the 12 that the tracker knows",
			engine.Torrent{State: engine.Downloading, Trackers: 1, TrackersWorking: 1, SwarmPeers: 12},
		},
		{
			"Waiting for peers: no tracker answers (connection refused)",
			engine.Torrent{State: engine.Downloading, Trackers: 1, TrackerErr: "connection refused"},
		},
		{
			"Waiting for peers: the tracker refuses (unregistered torrent)",
			engine.Torrent{State: engine.Downloading, Trackers: 1, TrackerErr: "unregistered torrent", TrackerRefused: true},
		},
		{
			"Seeding, nobody is asking: the tracker refuses (unregistered torrent)",
			engine.Torrent{State: engine.Seeding, Trackers: 1, TrackerErr: "unregistered torrent", TrackerRefused: true},
		},
		{"Seeding, nobody is asking", engine.Torrent{State: engine.Seeding, TrackersWorking: 1, TrackerErr: "unregistered torrent", TrackerRefused: true}},
		{`Waiting for peers: no tracker answers (a\u202eb)`, engine.Torrent{State: engine.Downloading, TrackerErr: "a\u202eb"}},
		{"Waiting for peers: asking the tracker", engine.Torrent{State: engine.Downloading, Trackers: 1}},
		{"Waiting for peers: it has no tracker, looking elsewhere", engine.Torrent{State: engine.Downloading}},
		{"All there, being put in place", engine.Torrent{State: engine.Downloading, Pieces: pieces, Wanted: 9, Have: 9, Peers: 3}},
		{"Seeding to 2 peers", engine.Torrent{State: engine.Seeding, Peers: 5, Seeds: 3, Up: 1}},
		{"Seeding, 1 peer connected", engine.Torrent{State: engine.Seeding, Peers: 1}},
		{"Seeding, nobody is asking", engine.Torrent{State: engine.Seeding, Peers: 2, Seeds: 2}},
		{"All its files are skipped", engine.Torrent{State: engine.Seeding, Pieces: pieces, Size: 9}},
		{"Checking, 45 %", engine.Torrent{State: engine.Checking, Pieces: pieces, Checked: 45}},
		{"Checking, 45 %, 1.20 GB/s", engine.Torrent{State: engine.Checking, Pieces: pieces, Checked: 45, CheckRate: 1_200_000_000, ETA: -1}},
		{"Checking, 45 %, 1.20 GB/s, 12 s left", engine.Torrent{State: engine.Checking, Pieces: pieces, Checked: 45, CheckRate: 1_200_000_000, ETA: 12 * time.Second}},
		{"Waiting to be checked, after another torrent on the same disk", engine.Torrent{State: engine.Checking, Pieces: pieces, CheckWaits: true}},
		{"Checking", engine.Torrent{State: engine.Checking}},
		{"Paused at 45 %", engine.Torrent{Pieces: pieces, Wanted: 100, Have: 45}},
		{"Paused, all there", engine.Torrent{Pieces: pieces, Wanted: 100, Have: 100}},
		{"Paused, its details are not known yet", engine.Torrent{}},
		{"Starting", engine.Torrent{State: engine.Starting}},
		{"Getting the torrent's details from 1 peer", engine.Torrent{State: engine.Metadata, Peers: 1}},
		{"Getting the torrent's details from peers: asking the tracker", engine.Torrent{State: engine.Metadata, Trackers: 2}},
		{"The disk is full.", engine.Torrent{State: engine.Faulted, Err: "The disk is full."}},
		{"Stopped by an error", engine.Torrent{State: engine.Faulted}},
		{"Downloading from 1 peer, at most 1 MiB/s", engine.Torrent{State: engine.Downloading, Peers: 1, Down: 1, Options: limitedTo(1<<20, 5)}},
		{"Downloading nothing: its limit is nothing", engine.Torrent{State: engine.Downloading, Peers: 1, Options: limitedTo(0, 5)}},
		{"Seeding to 1 peer, at most 50 kB/s", engine.Torrent{State: engine.Seeding, Peers: 1, Up: 1, Options: limitedTo(5, 50_000)}},
		{"Super-seeding: each of 3 peers sees few pieces", engine.Torrent{State: engine.Seeding, Peers: 3, SuperSeeding: true}},
		{"Waiting to be moved", engine.Torrent{State: engine.Seeding, Move: &engine.Move{}}},
		{"Moving", engine.Torrent{State: engine.Seeding, Move: &engine.Move{State: engine.MoveRunning}}},
		{"Moving, 43 %", engine.Torrent{State: engine.Stopped, Move: &engine.Move{State: engine.MoveRunning, Done: 43, Total: 100, Left: -1}}},
		{
			"Moving, 43 %, 120 MB/s, 12 s left",
			engine.Torrent{Move: &engine.Move{State: engine.MoveRunning, Done: 43, Total: 100, Rate: 120_000_000, Left: 12 * time.Second}},
		},
		{"Cancelling the move", engine.Torrent{Move: &engine.Move{State: engine.MoveCancelled, Done: 43, Total: 100}}},
		{"Moved, the old files are removed", engine.Torrent{Move: &engine.Move{State: engine.MoveEnding, Done: 100, Total: 100}}},
		{"The disk is full.", engine.Torrent{State: engine.Faulted, Err: "The disk is full.", Move: &engine.Move{}}},
		{"Super-seeding, nobody is asking", engine.Torrent{State: engine.Seeding, SuperSeeding: true}},
	}
	for _, tt := range tests {
		if tt.t.Options == (engine.Options{}) {
			tt.t.Options = engine.DefaultOptions()
		}
		if got := Sentence(&tt.t); got != tt.want {
			t.Errorf("Sentence = %q, want %q", got, tt.want)
		}
	}
}

func limitedTo(down, up int64) engine.Options {
	o := engine.DefaultOptions()
	o.Limits = engine.Limits{Down: down, Up: up}
	return o
}

func TestWhatIsNotPayload(t *testing.T) {
	for _, tt := range []struct{ got, want string }{
		{wasted(0, 0), ""},
		{wasted(3_000_000, 0), "3.00 MB came twice, too late or wrong"},
		{wasted(0, 1), "1 piece failed the hash"},
		{wasted(3_000_000, 2), "3.00 MB came twice, too late or wrong; 2 pieces failed the hash"},
		{protocol(0, 0, 0, 0), ""},
		{protocol(12_000, 8_000, 400, 0), "12.0 kB received and 8.00 kB sent since the start of the program, besides the pieces; now ↓400 B/s ↑0 B/s"},
		{traffic(&engine.Snapshot{}), "Rates and totals are of the pieces themselves"},
	} {
		if tt.got != tt.want {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
}
