// Command sink is a leech that keeps nothing: it asks one seed for every block of
// a torrent in order, counts what comes and forgets it, unhashed. It costs a
// fraction of a real leech's CPU time, so that the seed under test is what limits
// the transfer.
//
//	sink -from 127.0.1.250 FILE.torrent
//
// It prints {"ev":"ready"}, reads the seed's address from its standard input,
// prints {"ev":"first"} when the first block begins and {"ev":"done"} when all
// have come, and ends when its standard input does.
package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"os"

	"github.com/anacrolix/torrent/metainfo"
)

const (
	protocol   = "\x13BitTorrent protocol"
	peerID     = "-SI0001-0123456789ab"
	blockSize  = 16 << 10
	queue      = 500 // requests under way, as many as libtorrent has at most
	topUp      = 50  // asked for at once
	bufferSize = 256 << 10
)

const (
	unchoke    = 1
	interested = 2
	request    = 6
	piece      = 7
)

// A leech is one download.
type leech struct {
	info   metainfo.Info
	c      net.Conn
	r      *bufio.Reader
	next   int64 // byte of the torrent that is asked for next
	asked  int   // blocks under way
	left   int64 // bytes to come
	opened bool  // the seed lets us ask
}

func main() {
	log.SetFlags(0)
	from := flag.String("from", "127.0.0.1", "address to dial from, loopback or private")
	flag.Parse()
	mi, err := metainfo.LoadFromFile(flag.Arg(0))
	if err != nil {
		log.Fatal(err)
	}
	info, err := mi.UnmarshalInfo()
	if err != nil {
		log.Fatal(err)
	}
	local := net.ParseIP(*from)
	if !local.IsLoopback() && !local.IsPrivate() {
		log.Fatalf("%s is not a local address", *from)
	}
	fmt.Println(`{"ev":"ready"}`)
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		if err := download(info, mi.HashInfoBytes(), &net.TCPAddr{IP: local}, in.Text()); err != nil {
			log.Fatal(err)
		}
		fmt.Println(`{"ev":"done"}`)
	}
}

// download fetches the whole torrent from one seed.
func download(info metainfo.Info, hash metainfo.Hash, local *net.TCPAddr, seed string) error {
	c, err := (&net.Dialer{LocalAddr: local}).Dial("tcp4", seed)
	if err != nil {
		return err
	}
	defer c.Close()
	l := &leech{info: info, c: c, r: bufio.NewReaderSize(c, bufferSize), left: info.TotalLength()}
	if err := l.greet(hash); err != nil {
		return err
	}
	for l.left > 0 {
		if err := l.message(); err != nil {
			return err
		}
		if l.opened && l.asked <= queue-topUp {
			if err := l.ask(); err != nil {
				return err
			}
		}
	}
	return nil
}

// greet does the handshake, without any extension, and says what we want.
func (l *leech) greet(hash metainfo.Hash) error {
	b := append([]byte(protocol), make([]byte, 8)...)
	b = append(append(b, hash[:]...), peerID...)
	b = append(b, 0, 0, 0, 1, interested)
	if _, err := l.c.Write(b); err != nil {
		return err
	}
	theirs := make([]byte, 68)
	if _, err := io.ReadFull(l.r, theirs); err != nil {
		return err
	}
	if !bytes.Equal(theirs[28:48], hash[:]) {
		return errors.New("another torrent's handshake")
	}
	return nil
}

// message reads one message; a block's bytes are discarded.
func (l *leech) message() error {
	head, err := l.r.Peek(4)
	if err != nil {
		return err
	}
	n := int(binary.BigEndian.Uint32(head))
	if n == 0 { // keepalive
		_, err = l.r.Discard(4)
		return err
	}
	if head, err = l.r.Peek(5); err != nil {
		return err
	}
	switch head[4] {
	case unchoke:
		l.opened = true
	case piece:
		if l.left == l.info.TotalLength() {
			fmt.Println(`{"ev":"first"}`)
		}
		l.left -= int64(n - 9)
		l.asked--
	}
	_, err = l.r.Discard(4 + n)
	return err
}

// ask fills the queue.
func (l *leech) ask() error {
	var b []byte
	for total := l.info.TotalLength(); l.asked < queue && l.next < total; l.asked++ {
		index, begin := l.next/l.info.PieceLength, l.next%l.info.PieceLength
		length := min(blockSize, l.info.PieceLength-begin, total-l.next)
		b = append(b, 0, 0, 0, 13, request)
		b = binary.BigEndian.AppendUint32(b, uint32(index))
		b = binary.BigEndian.AppendUint32(b, uint32(begin))
		b = binary.BigEndian.AppendUint32(b, uint32(length))
		l.next += length
	}
	_, err := l.c.Write(b)
	return err
}
