package view

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"piecewise/engine"
	"piecewise/ui/format"
)

func TestPieceSentence(t *testing.T) {
	states := make([]engine.PieceState, 340)
	states[11], states[12], states[13] = engine.Verified, engine.Failed, engine.Requested
	pieces := engine.NewPieces(states)
	availability := make([]uint16, 340)
	availability[11], availability[12] = 3, 1
	tests := []struct {
		i    int
		a    []uint16
		want string
	}{
		{11, availability, "piece 12 of 340: verified, 3 peers have it"},
		{12, availability, "piece 13 of 340: failed the check, 1 peer has it"},
		{13, availability, "piece 14 of 340: requested, no connected peer has it"},
		{0, nil, "piece 1 of 340: missing"},
	}
	for _, tt := range tests {
		if got := PieceSentence(pieces, tt.a, tt.i); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
	if got, want := PiecesSentence(pieces, nil, 10, 20), "pieces 11 to 20 of 340: 1 verified, 1 requested, 7 missing, 1 failed the check"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := PiecesSentence(pieces, nil, 0, 1), "piece 1 of 340: missing"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := CountPieces(pieces); got != [5]int{337, 1, 0, 1, 1} {
		t.Errorf("counted %v", got)
	}
	if got := CountPieces(engine.UniformPieces(7, engine.Verified)); got[engine.Verified] != 7 {
		t.Errorf("counted %v", got)
	}
}

func TestFlags(t *testing.T) {
	tests := []struct {
		want string
		p    engine.Peer
	}{
		{"DUTEP", engine.Peer{Interested: true, Wanted: true, Origin: engine.OriginTracker, Encryption: engine.RC4, Transport: engine.UTP}},
		{"duXe", engine.Peer{Interested: true, Choked: true, Wanted: true, Choking: true, Origin: engine.OriginPEX, Encryption: engine.HeaderOnly}},
		{"K?I", engine.Peer{Origin: engine.OriginIncoming}},
		{"dUO", engine.Peer{Interested: true, Choked: true, Wanted: true, Optimistic: true}},
		{"DuS", engine.Peer{Interested: true, Wanted: true, Choking: true, Snubbed: true}},
		{"", engine.Peer{Choked: true, Choking: true}},
		{"F", engine.Peer{Choked: true, Choking: true, Exempt: true}},
	}
	for _, tt := range tests {
		tt.p.Limits = engine.NoLimits
		if got := Flags(&tt.p); got != tt.want {
			t.Errorf("Flags = %q, want %q", got, tt.want)
		}
	}
	if got := Flags(&engine.Peer{Choked: true, Choking: true}); got != "R" {
		t.Errorf("Flags of a limited peer = %q", got)
	}
	legend := strings.Join(Legend(), "\n")
	seen := map[byte]bool{}
	for _, f := range flags {
		if seen[f.letter] {
			t.Errorf("two flags have the letter %c", f.letter)
		}
		seen[f.letter] = true
		if !strings.Contains(legend, f.meaning) {
			t.Errorf("the legend lacks %c", f.letter)
		}
	}
}

func TestSortPeers(t *testing.T) {
	peers := []engine.Peer{
		{Addr: netip.MustParseAddrPort("127.0.0.3:1"), Down: 5},
		{Addr: netip.MustParseAddrPort("127.0.0.2:1"), Down: 5},
		{Addr: netip.MustParseAddrPort("127.0.0.1:1"), Down: 9},
	}
	sorted := SortPeers(peers, PeerDown, false)
	for i, want := range []int{1, 0, 2} {
		if sorted[i] != &peers[want] {
			t.Errorf("place %d has %s", i, sorted[i].Addr)
		}
	}
	if SortPeers(peers, PeerDown, true)[0] != &peers[2] {
		t.Error("falling starts with the least")
	}
	for _, c := range PeerColumns() {
		if SortPeers(peers, c, true); c.Title() == "" {
			t.Errorf("column %d has no title", c)
		}
	}
}

// A web seed has a URL for an address, and says why nothing comes from it.
func TestWebSeedText(t *testing.T) {
	at := time.Date(2026, 1, 1, 14, 3, 5, 0, time.UTC)
	for want, p := range map[string]engine.Peer{
		"sends":              {Interested: true, Down: 5},
		"is asked":           {Interested: true, Requests: 5},
		"may send":           {Interested: true},
		"has nothing for us": {},
		"it answers 503 Service Unavailable; tried again at 14:03:05": {Err: "it answers 503 Service Unavailable", Next: at},
		"set aside: it lies":  {Err: "it lies"},
		`set aside: a\u202eb`: {Err: "a\u202eb"},
	} {
		p.URL = "http://a/\u202e"
		if got := PeerState.Text(&p); got != want {
			t.Errorf("%q, want %q", got, want)
		}
		if got := PeerAddress.Text(&p); got != `a/\u202e` {
			t.Errorf("the address is %q", got)
		}
	}
}

func TestPeerTextIsSafe(t *testing.T) {
	p := &engine.Peer{Client: "a\u202eb", ID: [20]byte{'-', 'q', 'B', '5', '0', '0', '0', '-', 0xff}}
	if got := PeerClient.Text(p); got != `a\u202eb` {
		t.Errorf("client %q", got)
	}
	if got := PeerID.Text(p); got != "-qB5000-ff"+strings.Repeat("0", 22) {
		t.Errorf("peer ID %q", got)
	}
	p.ID[0] = 0x1b
	if got := PeerID.Text(p); !strings.HasPrefix(got, "1b71") {
		t.Errorf("a peer ID with a control reads %q", got)
	}
}

func TestFactsAreSafe(t *testing.T) {
	facts := Facts(&engine.Torrent{Name: "a\u202eb", Dir: "/x\n", TrackerErr: "\x1b[31m", Meta: &engine.Meta{Comment: "\u2066", CreatedBy: "\x00"}}, noon)
	seen := map[string]bool{}
	for _, f := range facts {
		if f.Label == "" || f.Text == "" || seen[f.Label] {
			t.Errorf("fact %q is %q", f.Label, f.Text)
		}
		seen[f.Label] = true
		if f.Text != format.Text(f.Text) {
			t.Errorf("fact %q is not safe: %q", f.Label, f.Text)
		}
	}
	if !seen["Comment"] || !seen["Tracker trouble"] {
		t.Error("facts are missing")
	}
}

// TestWebSeedReasons names what is the matter with a few web seeds, and counts the rest.
func TestWebSeedReasons(t *testing.T) {
	peers := []*engine.Peer{{}, {URL: "http://works.example/"}}
	if got := WebSeedReasons(peers); len(got) > 0 {
		t.Errorf("nothing is the matter: %q", got)
	}
	for range maxReasons + 2 {
		peers = append(peers, &engine.Peer{URL: "http://a.example/x", Err: "it is too slow"})
	}
	got := WebSeedReasons(peers)
	if len(got) != maxReasons+1 || got[0] != "a.example/x: set aside: it is too slow" || got[maxReasons] != "and 2 more" {
		t.Errorf("%q", got)
	}
}
