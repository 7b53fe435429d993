package test

import (
	"fmt"
	"testing"
	"time"
)

// meeting is one way in which our encryption meets that of another client.
type meeting struct {
	client, ours, theirs string
	encrypted            bool // with RC4
	short                bool // in the short set too
}

func (m meeting) String() string {
	if m.theirs == "" {
		return m.ours + " meets " + m.client + " by default"
	}
	return m.ours + " meets " + m.client + " " + m.theirs
}

// test runs a case unless it is in the full matrix only.
func (m meeting) test(t *testing.T, run func(t *testing.T)) {
	t.Run(m.String(), func(t *testing.T) {
		if !m.short && !Full() {
			t.Skip("in the full matrix: PIECEWISE_E2E=full")
		}
		t.Parallel()
		run(t)
	})
}

// Peers whose encryption is compatible with ours serve and are served, encrypted
// as both want it.
func TestEncryption(t *testing.T) {
	d := Make(t, "secret", 32<<10, File{Length: 1_500_000})
	for _, m := range []meeting{
		{"libtorrent", "require", "", true, false},
		{"libtorrent", "require", "forced", true, false},
		{"libtorrent", "prefer", "forced", true, false},
		{"libtorrent", "prefer", "", false, false}, // only the handshakes: given the choice it takes plaintext
		{"libtorrent", "prefer", "off", false, false},
		{"libtorrent", "allow", "forced", true, false},
		{"libtorrent", "allow", "off", false, false},
		{"libtorrent", "off", "off", false, false},
		{"libtorrent", "off", "", false, false},

		{"qbittorrent", "require", "", true, false},
		{"qbittorrent", "prefer", "forced", true, true},
		{"qbittorrent", "prefer", "off", false, false},
		{"qbittorrent", "allow", "forced", true, false},
		{"qbittorrent", "off", "", false, false},

		{"transmission", "require", "off", true, false},
		{"transmission", "prefer", "forced", true, false},
		{"transmission", "allow", "forced", true, false},
		{"transmission", "off", "", false, false},
		{"transmission", "off", "off", false, false},

		{"rtorrent", "require", "", true, false},
		{"rtorrent", "prefer", "forced", true, false},
		{"rtorrent", "prefer", "off", false, false},
		{"rtorrent", "allow", "forced", true, false},
		{"rtorrent", "off", "", false, false},

		{"aria2", "require", "", true, false}, // what it has is what we require
		{"aria2", "prefer", "forced", true, false},
		{"aria2", "allow", "forced", true, false},
		{"aria2", "off", "", false, false},
	} {
		m.test(t, func(t *testing.T) {
			m.serves(t, d)
			m.isServed(t, d)
		})
	}
}

// deaf is a tracker that does not answer, for rtorrent takes no torrent without one.
func deaf(t *testing.T) string { return fmt.Sprintf("http://%v/announce", Address(t)) }

// encryptedRate leaves time to look at the connection, and to see that nothing
// else comes.
const encryptedRate = 500_000

func (m meeting) serves(t *testing.T, d *Data) {
	torrent, dir := d.Torrent(t, deaf(t)), t.TempDir()
	seed := Clients[m.client](t, PeerOptions{Dir: d.Dir, Sources: []string{torrent}, UpLimit: encryptedRate, Encryption: m.theirs})
	seed.Await(t, d, 30*time.Second)
	get := StartGet(t, "", torrent, "--dir", dir, "--encryption", m.ours, "--peer", seed.Addr().String())
	m.check(t, d, seed)
	get.Finish(t, time.Minute, d)
	d.Compare(t, dir)
	seed.Kill()
}

func (m meeting) isServed(t *testing.T, d *Data) {
	tracker := StartTracker(t, d)
	torrent := d.Torrent(t, tracker.URL)
	o := PeerOptions{Dir: t.TempDir(), Sources: []string{torrent}, Encryption: m.theirs}
	args := []string{torrent, "--dir", d.Dir, "--seed", "--encryption", m.ours, "--up-limit", "500kB"}
	var leech Peer
	if m.client == "transmission" { // it does not dial us here, see TestTransmissionDials
		leech = Clients[m.client](t, o)
		StartGet(t, "", append(args, "--peer", leech.Addr().String())...)
	} else {
		get := StartGet(t, "", args...)
		tracker.AwaitSeeds(t, d, 1)
		leech = m.dials(t, d, get, o)
	}
	m.check(t, d, leech)
	leech.Await(t, d, time.Minute)
	d.Compare(t, o.Dir)
}

// dials starts the client and has it dial ours, by name if it can: libtorrent
// comes to whom a tracker names in plaintext, and only a minute later encrypted.
func (m meeting) dials(t *testing.T, d *Data, get *Get, o PeerOptions) Peer {
	t.Helper()
	if m.client != "aria2" {
		o.Connect = get.Addr
		o.Sources = []string{d.Torrent(t, deaf(t))}
	}
	return Clients[m.client](t, o)
}

// check waits until the other client has a connection, and looks how.
func (m meeting) check(t *testing.T, d *Data, p Peer) {
	t.Helper()
	if m.client == "aria2" {
		return
	}
	var all []Connection
	Poll(t, time.Minute, m.client+" has a connection", func() bool {
		all = p.Connections(d)
		return len(all) > 0
	})
	for _, c := range all {
		if c.Encrypted != m.encrypted {
			t.Errorf("encrypted is %v, want %v", c.Encrypted, m.encrypted)
		}
	}
}

// A peer whose encryption cannot be ours is refused, whoever dials, while another
// one serves and is served.
func TestEncryptionRefused(t *testing.T) {
	d := Make(t, "kept secret", 32<<10, File{Length: 1_500_000})
	for _, m := range []meeting{
		{"libtorrent", "require", "off", false, true},
		{"libtorrent", "off", "forced", false, false},
		{"qbittorrent", "require", "off", false, false},
		{"qbittorrent", "off", "forced", false, false},
		{"transmission", "off", "forced", false, false},
		{"rtorrent", "require", "off", false, false},
		{"rtorrent", "off", "forced", false, false},
		{"aria2", "off", "forced", false, false},
	} {
		m.test(t, func(t *testing.T) {
			m.doesNotServe(t, d)
			if m.client != "transmission" { // which does not dial us here
				m.isNotServed(t, d)
			}
		})
	}
}

// instead is an encryption of libtorrent's that is like ours.
func (m meeting) instead() string {
	if m.ours == "require" {
		return "forced"
	}
	return "off"
}

func (m meeting) doesNotServe(t *testing.T, d *Data) {
	torrent, dir := d.Torrent(t, deaf(t)), t.TempDir()
	o := PeerOptions{Dir: d.Dir, Sources: []string{torrent}, Encryption: m.theirs}
	refused := Clients[m.client](t, o)
	refused.Await(t, d, 30*time.Second)
	o.UpLimit, o.Encryption = encryptedRate, m.instead()
	seed := StartLibtorrent(t, o)
	get := StartGet(t, "", torrent, "--dir", dir, "--encryption", m.ours,
		"--peer", refused.Addr().String(), "--peer", seed.Addr().String())
	get.Finish(t, time.Minute, d)
	d.Compare(t, dir)
	oneAtATime(t, get, d)
	refused.Kill()
}

func (m meeting) isNotServed(t *testing.T, d *Data) {
	tracker := StartTracker(t, d)
	torrent := d.Torrent(t, tracker.URL)
	o := PeerOptions{Dir: t.TempDir(), Sources: []string{torrent}, Encryption: m.theirs}
	get := StartGet(t, "", torrent, "--dir", d.Dir, "--seed", "--encryption", m.ours, "--up-limit", "500kB")
	tracker.AwaitSeeds(t, d, 1)
	m.dials(t, d, get, o)
	o.Dir, o.Encryption, o.Connect = t.TempDir(), m.instead(), get.Addr
	o.Sources = []string{d.Torrent(t, "")} // else it finds the one that is refused
	StartLibtorrent(t, o).Await(t, d, time.Minute)
	oneAtATime(t, get, d)
}

// oneAtATime fails the test if there has ever been more than one peer.
func oneAtATime(t *testing.T, get *Get, d *Data) {
	t.Helper()
	most := 0
	for _, l := range get.Lines(d) {
		most = max(most, l.Peers)
	}
	if most != 1 {
		t.Errorf("there were %d peers at once, want 1", most)
	}
}
