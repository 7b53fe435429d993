package test

import (
	"testing"
	"time"
)

// meeting is one way in which our encryption meets that of libtorrent.
type meeting struct {
	ours, theirs string
	encrypted    bool   // with RC4
	instead      string // theirs is refused; this is an encryption that is not
	short        bool   // in the short set too
}

// A peer whose encryption is not ours is refused, whoever dials; any other serves
// and is served.
func TestEncryption(t *testing.T) {
	d := Make(t, "secret", 32<<10, File{Length: 1_500_000})
	for _, m := range []meeting{
		{"require", "off", false, "forced", true},
		{"require", "", true, "", false},
		{"prefer", "forced", true, "", false},
		{"prefer", "off", false, "", false},
		{"allow", "forced", true, "", false},
		{"allow", "off", false, "", false},
		{"off", "off", false, "", false},
		{"off", "", false, "", false},
		{"off", "forced", false, "off", false},
	} {
		name := m.ours + " meets " + m.theirs
		if m.theirs == "" {
			name += "the default"
		}
		t.Run(name, func(t *testing.T) {
			if !m.short && !Full() {
				t.Skip("in the full matrix: PIECEWISE_E2E=full")
			}
			t.Parallel()
			if torrent := d.Torrent(t, ""); m.instead == "" {
				m.serves(t, d, torrent)
				m.isServed(t, d, torrent)
			} else {
				m.doesNotServe(t, d, torrent)
				m.isNotServed(t, d, torrent)
			}
		})
	}
}

// encryptedRate leaves time to see that nothing else comes.
const encryptedRate = 500_000

func (m meeting) serves(t *testing.T, d *Data, torrent string) {
	seed := StartLibtorrent(t, PeerOptions{Dir: d.Dir, Sources: []string{torrent}, UpLimit: encryptedRate, Encryption: m.theirs})
	dir := t.TempDir()
	get := StartGet(t, "", torrent, "--dir", dir, "--encryption", m.ours, "--peer", seed.Addr().String())
	m.checkEncrypted(t, seed)
	get.Finish(t, time.Minute, d)
	d.Compare(t, dir)
}

func (m meeting) isServed(t *testing.T, d *Data, torrent string) {
	get := StartGet(t, "", torrent, "--dir", d.Dir, "--seed", "--encryption", m.ours, "--up-limit", "500kB")
	get.Await(t, d, 30*time.Second, func(l Line) bool { return l.Done })
	o := PeerOptions{Dir: t.TempDir(), Sources: []string{torrent}, Connect: get.Addr, Encryption: m.theirs}
	leech := StartLibtorrent(t, o)
	m.checkEncrypted(t, leech)
	leech.Await(t, d, time.Minute)
	d.Compare(t, o.Dir)
}

// checkEncrypted waits until something was moved, and looks how.
func (m meeting) checkEncrypted(t *testing.T, p *Libtorrent) {
	t.Helper()
	Poll(t, time.Minute, "libtorrent has a connection", func() bool { return !p.Stats().At.IsZero() })
	if encrypted := p.Stats().Encrypted > 0; encrypted != m.encrypted {
		t.Errorf("encrypted is %v, want %v", encrypted, m.encrypted)
	}
}

func (m meeting) doesNotServe(t *testing.T, d *Data, torrent string) {
	o := PeerOptions{Dir: d.Dir, Sources: []string{torrent}, Encryption: m.theirs}
	refused := StartLibtorrent(t, o)
	o.UpLimit, o.Encryption = encryptedRate, m.instead
	seed := StartLibtorrent(t, o)
	dir := t.TempDir()
	get := StartGet(t, "", torrent, "--dir", dir, "--encryption", m.ours,
		"--peer", refused.Addr().String(), "--peer", seed.Addr().String())
	get.Finish(t, time.Minute, d)
	d.Compare(t, dir)
	if n := refused.Stats().Uploaded; n > 0 {
		t.Errorf("%d bytes came from the one that should be refused", n)
	}
}

func (m meeting) isNotServed(t *testing.T, d *Data, torrent string) {
	get := StartGet(t, "", torrent, "--dir", d.Dir, "--seed", "--encryption", m.ours, "--up-limit", "500kB")
	get.Await(t, d, 30*time.Second, func(l Line) bool { return l.Done })
	o := PeerOptions{Dir: t.TempDir(), Sources: []string{torrent}, Connect: get.Addr, Encryption: m.theirs}
	refused := StartLibtorrent(t, o)
	o.Dir, o.Encryption = t.TempDir(), m.instead
	StartLibtorrent(t, o).Await(t, d, time.Minute)
	if n := refused.Stats().Downloaded; n > 0 {
		t.Errorf("%d bytes went to the one that should be refused", n)
	}
}
