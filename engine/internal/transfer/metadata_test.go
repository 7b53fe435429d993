package transfer

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"piecewise/engine/internal/plane"
	"piecewise/engine/internal/wire"
)

func TestParseMetadata(t *testing.T) {
	for _, test := range []struct {
		in    string
		kind  int64
		piece int64
		data  string
		ok    bool
	}{
		{"d8:msg_typei0e5:piecei3ee", metadataRequest, 3, "", true},
		{"d8:msg_typei1e5:piecei0e10:total_sizei4eeabcd", metadataData, 0, "abcd", true},
		{"d8:msg_typei2e5:piecei1ee", metadataReject, 1, "", true},
		{"d8:msg_typei9e5:piecei1e1:xl1:aee", 9, 1, "", true},
		{"", 0, 0, "", false},
		{"de", 0, 0, "", false},
		{"d5:piecei1ee", 0, 0, "", false},
		{"d8:msg_typei-1e5:piecei1ee", 0, 0, "", false},
		{"d8:msg_typei1e5:piecei-1ee", 0, 0, "", false},
		{"d8:msg_typei1e5:piecei99999999999999999999ee", 0, 0, "", false},
		{"d8:msg_type1:a5:piecei1ee", 0, 0, "", false},
		{"d8:msg_typei1e5:piecei1e", 0, 0, "", false},
		{"le", 0, 0, "", false},
	} {
		m, ok := parseMetadata([]byte(test.in))
		if ok != test.ok || ok && (m.Type != test.kind || m.Piece != test.piece || string(m.data) != test.data) {
			t.Errorf("%q: %+v, %t", test.in, m, ok)
		}
	}
}

func FuzzMetadata(f *testing.F) {
	f.Add(appendMetadata(nil, metadataRequest, 2, 0), 70000)
	f.Add(append(appendMetadata(nil, metadataData, 0, 5), "abcde"...), 5)
	f.Fuzz(func(t *testing.T, b []byte, size int) {
		if size <= 0 || size > maxMetadata {
			return
		}
		now := time.Now()
		s := newDelivery(size, now)
		s.next()
		m, ok := parseMetadata(b)
		if !ok {
			return
		}
		if s.take(m, now) && (m.Piece != 0 || !bytes.Equal(s.chunks[0], m.data)) {
			t.Errorf("%+v was taken", m)
		}
		if s.take(m, now) {
			t.Error("taken twice")
		}
	})
}

func TestDelivery(t *testing.T) {
	now := time.Now()
	info := make([]byte, 11*metadataChunk+5)
	rand.NewChaCha8([32]byte{1}).Read(info)
	s := newDelivery(len(info), now)
	for i := range metadataAhead {
		if chunk, ok := s.next(); chunk != i || !ok {
			t.Fatalf("chunk %d, %t", chunk, ok)
		}
	}
	if _, ok := s.next(); ok {
		t.Error("too many are asked for at once")
	}
	part := func(i int) metadataMessage {
		return metadataMessage{metadataData, int64(i), info[i*metadataChunk : min(len(info), (i+1)*metadataChunk)]}
	}
	short := part(1)
	short.data = short.data[1:]
	if s.take(short, now) || s.take(part(metadataAhead), now) || s.take(metadataMessage{metadataData, 1 << 40, nil}, now) {
		t.Error("a wrong chunk was taken")
	}
	for i := range chunks(len(info)) {
		if s.whole() != nil {
			t.Fatal("whole too early")
		}
		if !s.take(part(i), now) || s.take(part(i), now) {
			t.Fatalf("chunk %d", i)
		}
		s.next()
	}
	if !bytes.Equal(s.whole(), info) {
		t.Error("it is not what was sent")
	}
}

func TestIsMetadata(t *testing.T) {
	b := []byte("d4:name1:xe")
	v1, v2 := sha1.Sum(b), sha256.Sum256(b)
	none, other := [32]byte{}, [32]byte{1}
	for _, test := range []struct {
		id   [20]byte
		v2   [32]byte
		want bool
	}{
		{v1, none, true},
		{v1, v2, true},
		{[20]byte(v2[:]), v2, true},
		{[20]byte(v2[:]), none, true},
		{v1, other, false},
		{[20]byte{1}, none, false},
		{[20]byte{1}, v2, false},
	} {
		if isMetadata(b, test.id, test.v2) != test.want {
			t.Errorf("%x %x", test.id, test.v2)
		}
	}
}

// seeker is a Torrent that fetches metadata, and its peers.
type seeker struct {
	*Torrent
	info []byte
	got  [][]byte
	now  time.Time
}

func newSeeker(size int) *seeker {
	s := &seeker{Torrent: New(Limits{}), info: make([]byte, size), now: time.Now()}
	rand.NewChaCha8([32]byte{2}).Read(s.info)
	s.FetchMetadata(sha1.Sum(s.info), [32]byte{}, func(b []byte) { s.got = append(s.got, b) })
	return s
}

// peer joins and says how much metadata it has.
func (s *seeker) peer(t *testing.T, n, size int) *conn {
	c := s.join(linkFrom(t, fmt.Sprintf("127.0.0.1:%d", n)))
	s.says(c, wire.Message{Kind: wire.Extended, Bits: fmt.Appendf(nil, "d1:md11:ut_metadatai3ee13:metadata_sizei%dee", size)})
	return c
}

func (s *seeker) says(c *conn, m wire.Message) error {
	_, err := c.Message(m)
	return err
}

// sends answers all that a peer is asked for, with change made of it.
func (s *seeker) sends(c *conn, change func([]byte)) (err error) {
	for i := 0; err == nil && s.fetch != nil && s.fetch.from[c] != nil; i++ {
		chunk := bytes.Clone(s.info[i*metadataChunk : min(len(s.info), (i+1)*metadataChunk)])
		change(chunk)
		err = s.says(c, wire.Message{Kind: wire.Extended, Index: 1, Bits: append(appendMetadata(nil, metadataData, i, len(s.info)), chunk...)})
	}
	return err
}

func truth([]byte) {}

func TestFetchMetadata(t *testing.T) {
	const size = 3*metadataChunk + 7
	s := newSeeker(size)
	huge := s.peer(t, 1, 1<<30)
	liar := s.peer(t, 2, size)
	honest := s.peer(t, 3, size)
	if s.fetch.from[huge] != nil || s.fetch.from[liar] == nil || s.fetch.from[honest] != nil {
		t.Fatal("not the first usable one was asked")
	}
	if err := s.sends(liar, func(b []byte) { b[0]++ }); err != errMetadata {
		t.Fatalf("wrong metadata: %v", err)
	}
	liar.Left(nil)
	s.Tick(s.now.Add(time.Second))
	if err := s.sends(honest, truth); err != nil || len(s.got) != 1 || !bytes.Equal(s.got[0], s.info) {
		t.Fatalf("%v, metadata came %d times", err, len(s.got))
	}
	if err := s.sends(honest, truth); err != nil || len(s.got) != 1 {
		t.Error("what comes late is not ignored")
	}
}

// A peer that is silent, refuses, leaves or is slow is not waited for.
func TestMetadataFromOthers(t *testing.T) {
	const size = 3 * metadataChunk
	for name, fails := range map[string]func(*seeker, *conn){
		"silent": func(s *seeker, c *conn) {
			s.Tick(s.now.Add(metadataPatience + time.Second))
		},
		"refuses": func(s *seeker, c *conn) {
			s.says(c, wire.Message{Kind: wire.Extended, Index: 1, Bits: appendMetadata(nil, metadataReject, 0, 0)})
		},
		"leaves":       func(s *seeker, c *conn) { c.Left(nil) },
		"wrong length": func(s *seeker, c *conn) { s.sends(c, func(b []byte) { s.info = s.info[:size] }) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSeeker(size)
			first := s.peer(t, 1, size+1)
			second := s.peer(t, 2, size)
			fails(s, first)
			if s.fetch.from[first] != nil || s.fetch.from[second] == nil {
				t.Fatalf("%d are asked, not the second", len(s.fetch.from))
			}
			if err := s.sends(second, truth); err != nil || len(s.got) != 1 {
				t.Errorf("%v, metadata came %d times", err, len(s.got))
			}
		})
	}
}

// What peers can make us hold is bounded, and who was not asked yet gets the place of
// a slow one.
func TestMetadataPlaces(t *testing.T) {
	s := newSeeker(100)
	for i := range 10 {
		s.peer(t, 1+i, maxMetadata)
		s.now = s.now.Add(time.Second / 10)
		s.Tick(s.now)
	}
	if len(s.fetch.from) != maxLarge {
		t.Fatalf("%d large ones at once", len(s.fetch.from))
	}
	for i := range 10 {
		s.peer(t, 20+i, 100)
		s.Tick(s.now)
	}
	if len(s.fetch.from) > maxDeliveries {
		t.Fatalf("%d at once", len(s.fetch.from))
	}
	now := time.Now()
	d := newDelivery(maxMetadata, now)
	if d.slow(now.Add(time.Second)) || !d.slow(now.Add(30*time.Second)) {
		t.Error("who is slow?")
	}
}

// TestServeMetadata asks for more chunks at once than there are.
func TestServeMetadata(t *testing.T) {
	info := bytes.Repeat([]byte("metadata"), 5000)
	c := newContent(3, 2*block)
	s := newSide(t, c, sideOptions{have: plane.FullBits(3), metadata: info})
	if s.MetadataSize() != len(info) {
		t.Error(s.MetadataSize())
	}
	p := join(t, s, true)
	p.send(wire.Extended, []byte{0}, []byte("d1:md11:ut_metadatai9eee"))
	for i := range 4 {
		p.send(wire.Extended, []byte{1}, appendMetadata(nil, metadataRequest, i, 0))
	}
	var got []byte
	rejected := 0
	for range 4 {
		body := p.next(wire.Extended)
		m, ok := parseMetadata(body[1:])
		switch {
		case body[0] != 9 || !ok:
			t.Fatalf("%q", body[:40])
		case m.Type == metadataReject:
			rejected++
		case m.Piece != int64(len(got)/metadataChunk):
			t.Errorf("chunk %d after %d bytes", m.Piece, len(got))
		}
		got = append(got, m.data...)
	}
	if !bytes.Equal(got, info) || rejected != 1 {
		t.Errorf("%d bytes, %d rejected", len(got), rejected)
	}
}
