package wire

import (
	"bytes"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/anacrolix/torrent/bencode"
	pp "github.com/anacrolix/torrent/peer_protocol"
)

// shaken connects a bare socket to an end and does both libraries' handshakes.
func shaken(t testing.TB, e *end) (_ *end, library, socket net.Conn) {
	t.Helper()
	return shakenWith(t, e, []byte{0, 0, 0, 0, 0, 0x10, 0, 5})
}

func shakenWith(t testing.TB, e *end, bits []byte) (_ *end, library, socket net.Conn) {
	t.Helper()
	socket, err := net.Dial("tcp4", e.Listeners()[0].Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { socket.Close() })
	if err := socket.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	errs := make(chan error, 1)
	go func() {
		_, err := shakeWith(socket, &testHash, 'o', bits)
		errs <- err
	}()
	if library, err = e.Listeners()[0].Accept(); err != nil {
		t.Fatal(err)
	}
	if _, err := shake(library, nil, 'i'); err != nil {
		t.Fatal(err)
	}
	if err := <-errs; err != nil {
		t.Fatal(err)
	}
	return e, library, socket
}

func bare(t testing.TB, cfg Config) (e *end, library, socket net.Conn) {
	t.Helper()
	return shaken(t, newEnd(t, cfg))
}

// all is one frame of every kind.
func all() [][]byte {
	return [][]byte{
		frame(Bitfield, 0x80), frame(Choke), frame(Unchoke), frame(Interested), frame(NotInterested),
		frame(Have, 0, 0, 0, 1), frame(Request, noise(12)...), AppendPieceHead(nil, 0, 0, 5), frame(Cancel, noise(12)...),
		frame(portKind, 1, 2), frame(Suggest, 0, 0, 0, 2), frame(HaveAll), frame(HaveNone), frame(Reject, noise(12)...),
		frame(AllowedFast, 0, 0, 0, 3), frame(Extended, 0, 'd', 'e'), frame(Extended, 3, 1, 2, 3),
		frame(HashRequest, noise(48)...), frame(Hashes, noise(80)...), frame(HashReject, noise(48)...),
		frame(99, 1),
		{0, 0, 0, 0},
	}
}

// numbers is the library's extension handshake, of which the peer's messages have
// the numbers 1 for metadata and 7 for PEX.
func numbers() []byte {
	return frame(Extended, append([]byte{0}, "d1:ei0e1:md11:ut_metadatai1e6:ut_pexi7eee"...)...)
}

// TestFromPeer checks who hears of what a peer says.
func TestFromPeer(t *testing.T) {
	e, library, socket := bare(t, Config{})
	write(t, library, numbers(), frame(HaveNone))
	p := e.peer(t)
	for _, f := range append(all(), frame(Extended, 1, 'd', 'e')) {
		if Kind(f[min(4, len(f)-1)]) == pieceKind {
			f = append(f, "block"...)
		}
		write(t, socket, f)
	}
	for _, want := range []Kind{
		Bitfield, Interested, NotInterested, Have, HaveAll, HaveNone, Extended, Extended,
	} {
		if got := Kind(readFrame(t, library)[4]); got != want {
			t.Errorf("the library heard %d, want %d", got, want)
		}
	}
	want := []Kind{
		Bitfield, Choke, Unchoke, Interested, NotInterested, Have, Request, Cancel,
		Suggest, HaveAll, HaveNone, Reject, AllowedFast, Extended,
		HashRequest, Hashes, HashReject, Extended,
	}
	p.until(t, "messages", func() bool { return len(p.msgs) >= len(want) })
	if got := p.kinds(); !slices.Equal(got, want) || string(p.data) != "block" {
		t.Errorf("the data plane heard %v and %q", got, p.data)
	}
	if got := p.msgs[len(want)-5].Bits; string(got) != "de" {
		t.Errorf("extension handshake %q", got)
	}
	if got := p.msgs[len(want)-3].Bits; len(got) != 80 {
		t.Errorf("%d bytes of hashes", len(got))
	}
}

// TestFromLibrary checks what of the library's messages a peer hears, in whatever
// pieces they are written, and that the data plane's stay behind the bitfield.
func TestFromLibrary(t *testing.T) {
	for _, size := range []int{1, 3, 1000} {
		early := make(chan *peer, 1)
		_, library, socket := bare(t, Config{Registry: registry{testHash, planeFunc(func(c *Conn) Peer {
			p := newPeer(c)
			c.Send(Message{Kind: Unchoke})
			early <- p
			return p
		})}})
		frames := all()
		frames[7] = append(frames[7], "block"...)
		b := bytes.Join(frames, nil)
		for len(b) > 0 {
			n := min(size, len(b))
			write(t, library, b[:n])
			b = b[n:]
		}
		want := []Kind{Bitfield, Unchoke, Have, HaveAll, HaveNone, Extended, Extended}
		for _, kind := range want {
			if got := Kind(readFrame(t, socket)[4]); got != kind {
				t.Errorf("size %d: the peer heard %d, want %d", size, got, kind)
			}
		}
		(<-early).c.Close(nil)
	}
}

// hider is a data plane that shows the peer other things than the library does.
type hider struct {
	*peer
}

func (h hider) Outgoing(m Message) bool {
	if m.Kind == Bitfield {
		h.c.Send(Message{Kind: HaveNone})
	}
	return m.Kind == Have && m.Index == 1
}

func TestOutgoing(t *testing.T) {
	e := newEnd(t, Config{Registry: registry{testHash, planeFunc(func(c *Conn) Peer {
		return hider{newPeer(c)}
	})}})
	_, library, socket := shaken(t, e)
	write(t, library, frame(Extended, 0, 'd', 'e'), frame(Bitfield, 1), frame(Have, 0, 0, 0, 2), frame(Have, 0, 0, 0, 1), frame(portKind, 1, 2))
	for _, want := range [][]byte{frame(Extended, 0, 'd', 'e'), frame(HaveNone), frame(Have, 0, 0, 0, 1)} {
		if got := readFrame(t, socket); !bytes.Equal(got, want) {
			t.Errorf("%x, want %x", got, want)
		}
	}
}

// sized is a Plane that serves metadata.
type sized struct {
	planeFunc
	size int
}

func (s sized) MetadataSize() int { return s.size }

// TestExtended checks the corrections of what the library says, and what it hears.
func TestExtended(t *testing.T) {
	for _, test := range []struct {
		policy Policy
		size   int
		want   string
	}{
		{EncryptionAllow, 0, "d1:ei1e1:md11:ut_metadatai1e6:ut_pexi7eee"},
		{EncryptionOff, 0, "d1:ei0e1:md11:ut_metadatai1e6:ut_pexi7eee"},
		{EncryptionOff, 70000, "d1:ei0e1:md11:ut_metadatai1e6:ut_pexi7ee13:metadata_sizei70000ee"},
	} {
		joined := make(chan *peer, 1)
		_, library, socket := bare(t, Config{Policy: test.policy, Registry: registry{testHash, sized{func(c *Conn) Peer {
			p := newPeer(c)
			joined <- p
			return p
		}, test.size}}})
		write(t, library, numbers())
		if got := readFrame(t, socket); string(got[6:]) != test.want || len(got) != 4+int(got[3]) {
			t.Errorf("%q", got)
		}
		p := <-joined
		pex, other, metadata := frame(Extended, 7, 'd', 'e'), frame(Extended, 2, 'd', 'e'), frame(Extended, 1, 'd', 'e')
		write(t, socket, pex, pex, metadata, other, pex, metadata, other)
		for _, want := range [][]byte{other, other} {
			if got := readFrame(t, library); !bytes.Equal(got, want) {
				t.Errorf("the library got %x, want %x", got, want)
			}
		}
		p.until(t, "metadata", func() bool { return len(p.msgs) == 2 && p.msgs[1].Index == 1 })
	}
}

// Of the size of metadata the library hears nothing, the data plane all.
func TestMetadataIsHidden(t *testing.T) {
	e, library, socket := bare(t, Config{})
	write(t, library, numbers())
	p := e.peer(t)
	const dict = "d1:md11:ut_metadatai3ee13:metadata_sizei99e1:pi1ee"
	write(t, socket, frame(Extended, append([]byte{0}, dict...)...))
	got := readFrame(t, library)
	var m pp.ExtendedHandshakeMessage
	if err := bencode.Unmarshal(got[6:], &m); err != nil || m.MetadataSize != 0 || m.M["ut_metadata"] != 3 || m.Port != 1 {
		t.Errorf("the library got %+v, %v", m, err)
	}
	p.until(t, "the handshake", func() bool { return len(p.msgs) == 1 && string(p.msgs[0].Bits) == dict })
}

// Before the library has said its numbers, it hears nothing that may be metadata.
func TestNumbersUnknown(t *testing.T) {
	_, library, socket := bare(t, Config{})
	write(t, library, frame(HaveNone))
	write(t, socket, frame(Extended, 1, 'd', 'e'), frame(Interested))
	if got := readFrame(t, library); Kind(got[4]) != Interested {
		t.Errorf("the library got %x", got)
	}
}

// TestQuietLibrary has a library that says nothing at all to a peer that has no
// extensions.
func TestQuietLibrary(t *testing.T) {
	e, library, socket := shakenWith(t, newEnd(t, Config{}), make([]byte, 8))
	write(t, socket, frame(Interested))
	if got := readFrame(t, library); Kind(got[4]) != Interested {
		t.Errorf("%x", got)
	}
	p := e.peer(t)
	p.c.Send(Message{Kind: Unchoke})
	if got := readFrame(t, socket); Kind(got[4]) != Unchoke {
		t.Errorf("%x", got)
	}
}

// TestLongForLibrary checks that nothing makes the library end a connection by
// its length.
func TestLongForLibrary(t *testing.T) {
	e, library, socket := bare(t, Config{})
	write(t, library, frame(HaveNone))
	p := e.peer(t)
	write(t, socket, frame(Bitfield, make([]byte, 100<<10)...), frame(Extended, make([]byte, 100<<10)...), frame(Have, 0, 0, 0, 9))
	if got := readFrame(t, library); Kind(got[4]) != Have {
		t.Errorf("the library got %d bytes of kind %d", len(got), got[4])
	}
	p.until(t, "the bitfield", func() bool { return len(p.msgs) > 0 && len(p.msgs[0].Bits) == 100<<10 })
}

func TestKindsAreThoseOfTheProtocol(t *testing.T) {
	for ours, theirs := range map[Kind]pp.MessageType{
		Choke: pp.Choke, Unchoke: pp.Unchoke, Interested: pp.Interested, NotInterested: pp.NotInterested,
		Have: pp.Have, Bitfield: pp.Bitfield, Request: pp.Request, pieceKind: pp.Piece, Cancel: pp.Cancel, portKind: pp.Port,
		Suggest: pp.Suggest, HaveAll: pp.HaveAll, HaveNone: pp.HaveNone, Reject: pp.Reject, AllowedFast: pp.AllowedFast,
		Extended: pp.Extended, HashRequest: pp.HashRequest, Hashes: pp.Hashes, HashReject: pp.HashReject,
	} {
		if byte(ours) != byte(theirs) {
			t.Errorf("%d is %d", ours, theirs)
		}
	}
}
