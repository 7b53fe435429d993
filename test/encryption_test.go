package test

import (
	"fmt"
	"testing"
	"time"
)

// meeting is one way in which our encryption meets that of another client.
type meeting struct {
	client, ours, theirs string
	encrypted            when // with RC4
	short                bool // in the short set too
}

// when connections are encrypted.
type when string

const (
	never    when = "never"
	always   when = "always"
	dialling when = "when the other client dials"
)

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
		{"libtorrent", "require", "", always, false},
		{"libtorrent", "require", "forced", always, false},
		{"libtorrent", "prefer", "forced", always, false},
		{"libtorrent", "prefer", "", dialling, false}, // given the choice, it takes plaintext
		{"libtorrent", "prefer", "off", never, false},
		{"libtorrent", "allow", "forced", always, false},
		{"libtorrent", "allow", "off", never, false},
		{"libtorrent", "off", "off", never, false},
		{"libtorrent", "off", "", never, false},

		{"qbittorrent", "require", "", always, false},
		{"qbittorrent", "prefer", "forced", always, true},
		{"qbittorrent", "prefer", "off", never, false},
		{"qbittorrent", "allow", "forced", always, false},
		{"qbittorrent", "off", "", never, false},

		{"transmission", "require", "off", always, false},
		{"transmission", "prefer", "forced", always, false},
		{"transmission", "allow", "forced", always, false},
		{"transmission", "off", "", never, false},
		{"transmission", "off", "off", never, false},

		{"rtorrent", "require", "", always, false},
		{"rtorrent", "prefer", "forced", always, false},
		{"rtorrent", "prefer", "off", never, false},
		{"rtorrent", "allow", "forced", always, false},
		{"rtorrent", "off", "", never, false},

		{"aria2", "require", "", always, false}, // what it has is what we require
		{"aria2", "prefer", "forced", always, false},
		{"aria2", "allow", "forced", always, false},
		{"aria2", "off", "", never, false},
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
	m.check(t, d, seed, m.encrypted == always)
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
	m.check(t, d, leech, m.encrypted != never)
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
func (m meeting) check(t *testing.T, d *Data, p Peer, encrypted bool) {
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
		if c.Encrypted != encrypted {
			t.Errorf("encrypted is %v, want %v", c.Encrypted, encrypted)
		}
	}
}

// A peer whose encryption cannot be ours is refused, whoever dials, while another
// one serves and is served.
func TestEncryptionRefused(t *testing.T) {
	d := Make(t, "kept secret", 32<<10, File{Length: 1_500_000})
	for _, m := range []meeting{
		{"libtorrent", "require", "off", never, true},
		{"libtorrent", "off", "forced", never, false},
		{"qbittorrent", "require", "off", never, false},
		{"qbittorrent", "off", "forced", never, false},
		{"transmission", "off", "forced", never, false},
		{"rtorrent", "require", "off", never, false},
		{"rtorrent", "off", "forced", never, false},
		{"aria2", "off", "forced", never, false},
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
