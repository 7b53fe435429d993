package badpeer

import (
	"bytes"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"time"
)

// The messages of BEP 3, 6, 10 and 52.
const (
	choke = iota
	unchoke
	interested
	notInterested
	have
	bitfield
	request
	piece
	cancel
	port
	suggest     = 13
	haveAll     = 14
	haveNone    = 15
	reject      = 16
	allowedFast = 17
	extended    = 20
	hashRequest = 21
)

const block = 16 << 10

// kind is one way to misbehave.
type kind struct {
	name  string
	early bool // instead of shaking hands
	run   func(*peer)
}

var kinds = []kind{
	{"says nothing", true, (*peer).idle},
	{"shakes hands byte by byte", true, func(p *peer) {
		for _, b := range p.greeting() {
			if !p.send([]byte{b}) || !pause(p.ctx, 3*beat) {
				return
			}
		}
		p.idle()
	}},
	{"sends rubbish instead of a handshake", true, func(p *peer) { p.send(noise(4000)); p.idle() }},
	{"begins to encrypt and never ends", true, func(p *peer) {
		for p.send(noise(96)) && pause(p.ctx, 3*beat) {
		}
	}},
	{"wants a torrent that is not there", true, func(p *peer) { p.to.Hash[0]++; p.send(p.greeting()); p.idle() }},
	{"sits there", false, (*peer).idle},
	{"says again and again that it has a piece", false, func(p *peer) { p.flood(bytes.Repeat(frame(have, 1), perBeat)) }},
	{"wavers", false, func(p *peer) {
		p.flood(bytes.Repeat(append(frame(interested), frame(notInterested)...), perBeat/2))
	}},
	{"asks though it is choked", false, func(p *peer) { p.flood(bytes.Repeat(frame(request, 1, 0, block), perBeat)) }},
	{"asks and never reads", false, func(p *peer) {
		p.send(frame(interested))
		p.floodUnread(bytes.Repeat(frame(request, 0, 0, block), perBeat))
	}},
	{"asks and cancels", false, func(p *peer) {
		p.send(frame(interested))
		p.flood(bytes.Repeat(append(frame(request, 0, 0, block), frame(cancel, 0, 0, block)...), perBeat/2))
	}},
	{"asks for metadata and never reads", false, func(p *peer) {
		p.send(frame(extended, []byte("\x00d1:md11:ut_metadatai3e6:ut_pexi1ee1:v3:bade")))
		p.floodUnread(bytes.Repeat(frame(extended, []byte("\x01d8:msg_typei0e5:piecei0ee")), perBeat))
	}},
	{"shakes hands of extensions for ever", false, func(p *peer) {
		p.flood(bytes.Repeat(frame(extended, append([]byte{0}, bytes.Repeat([]byte("l"), 30_000)...)), 4))
	}},
	{"asks for hashes", false, func(p *peer) { p.flood(bytes.Repeat(frame(hashRequest, noise(48)), perBeat)) }},
	{"says again and again what it has", false, func(p *peer) { p.flood(frame(bitfield, make([]byte, (p.to.Pieces+7)/8))) }},
	{"speaks in tongues", false, func(p *peer) { p.flood(bytes.Repeat(frame(99, noise(900)), perBeat)) }},
	{"sends keepalives", false, func(p *peer) { p.flood(make([]byte, 4*10*perBeat)) }},
	{"announces a huge message", false, func(p *peer) { p.send([]byte{255, 255, 255, 255, piece}); p.idle() }},
	{"sends what nobody asked for", false, func(p *peer) { p.flood(frame(piece, 0, 0, make([]byte, 128<<10))) }},
	{"has everything and refuses all", false, func(p *peer) {
		p.answer(func(ask []byte) bool { ask[4] = reject; return p.send(ask) })
	}},
	{"has everything and gives nothing", false, func(p *peer) { p.answer(func([]byte) bool { return true }) }},
	{"lies in every block", false, func(p *peer) {
		p.answer(func(ask []byte) bool {
			return pause(p.ctx, beat) && p.send(head(ask), noise(int(binary.BigEndian.Uint32(ask[13:]))))
		})
	}},
	{"stops in the middle of a block", false, func(p *peer) {
		p.answer(func(ask []byte) bool {
			p.send(head(ask), noise(1000))
			return pause(p.ctx, time.Hour)
		})
	}},
	{"chokes and unchokes", false, func(p *peer) {
		p.send(frame(haveAll))
		p.flood(bytes.Repeat(append(frame(unchoke), frame(choke)...), perBeat/2))
	}},
	{"recommends pieces", false, func(p *peer) {
		p.flood(bytes.Repeat(append(frame(suggest, 1), frame(allowedFast, 1)...), perBeat/2))
	}},
	{"tells its port", false, func(p *peer) { p.flood(bytes.Repeat(frame(port, []byte{4, 210}), perBeat)) }},
}

// answer pretends to be a seed and gives every request to f, until that is false.
func (p *peer) answer(f func(ask []byte) bool) {
	if !p.send(frame(haveAll), frame(unchoke)) {
		return
	}
	for {
		b := make([]byte, 4)
		if _, err := io.ReadFull(p.c, b); err != nil {
			return
		}
		n := int(binary.BigEndian.Uint32(b))
		if n > 1<<20 {
			return
		}
		b = append(b, make([]byte, n)...)
		if _, err := io.ReadFull(p.c, b[4:]); err != nil {
			return
		}
		if n == 13 && b[4] == request && !f(b) {
			return
		}
	}
}

// head is that of the Piece message which answers a request.
func head(ask []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, 9+binary.BigEndian.Uint32(ask[13:]))
	return append(append(b, piece), ask[5:13]...)
}

// frame makes a message of numbers and bytes.
func frame(kind byte, body ...any) []byte {
	b := []byte{4: kind}
	for _, x := range body {
		switch x := x.(type) {
		case int:
			b = binary.BigEndian.AppendUint32(b, uint32(x))
		case []byte:
			b = append(b, x...)
		}
	}
	binary.BigEndian.PutUint32(b, uint32(len(b)-4))
	return b
}

func noise(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rand.Uint32())
	}
	return b
}
