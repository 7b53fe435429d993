// Command bare is the torrent library by itself, with the plainest storage there
// is: what the program must never fall below. It is driven by a line protocol, one
// command a line on standard input, one JSON object a line on standard output
// (libtorrent_client.py speaks the same), and ends when its input does.
//
//	bare [-rc4] -listen 127.0.1.1:20001 -dir DIR
//	add FILE PEER...   download, or check what is there, then seed
package main

import (
	"bufio"
	"flag"
	"fmt"
	"log"
	"log/slog"
	"net"
	"os"
	"strconv"
	"strings"

	"github.com/anacrolix/torrent"
	"github.com/anacrolix/torrent/mse"
	"github.com/anacrolix/torrent/storage"
)

func main() {
	log.SetFlags(0)
	listen := flag.String("listen", "127.0.0.1:0", "address to listen on, loopback or private")
	dir := flag.String("dir", ".", "folder for the data")
	rc4 := flag.Bool("rc4", false, "encrypt everything")
	flag.Parse()
	if err := run(*listen, *dir, *rc4); err != nil {
		log.Fatal(err)
	}
}

func run(listen, dir string, rc4 bool) error {
	c, dialer, err := config(listen, dir)
	if err != nil {
		return err
	}
	if rc4 {
		c.HeaderObfuscationPolicy = torrent.HeaderObfuscationPolicy{Preferred: true, RequirePreferred: true}
		c.CryptoProvides = mse.CryptoMethodRC4
		c.CryptoSelector = func(mse.CryptoMethod) mse.CryptoMethod { return mse.CryptoMethodRC4 }
	}
	client, err := torrent.NewClient(c)
	if err != nil {
		return fmt.Errorf("start client: %w", err)
	}
	defer client.Close()
	client.AddDialer(torrent.NetworkDialer{Network: "tcp4", Dialer: dialer})
	fmt.Println(`{"ev":"ready"}`)
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		words := strings.Fields(in.Text())
		if len(words) < 2 || words[0] != "add" {
			return fmt.Errorf("unknown command %q", words)
		}
		if err := add(client, words[1], words[2:]); err != nil {
			return err
		}
	}
	return nil
}

// config keeps everything on the listening address: peers tell clients apart by it.
func config(listen, dir string) (*torrent.ClientConfig, *net.Dialer, error) {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return nil, nil, fmt.Errorf("parse address: %w", err)
	}
	ip := net.ParseIP(host)
	if !ip.IsLoopback() && !ip.IsPrivate() {
		return nil, nil, fmt.Errorf("%s is not a local address", host)
	}
	c := torrent.NewDefaultClientConfig()
	if c.ListenPort, err = strconv.Atoi(port); err != nil {
		return nil, nil, fmt.Errorf("parse port: %w", err)
	}
	c.ListenHost = func(string) string { return host }
	c.NoDHT, c.DisablePEX, c.NoDefaultPortForwarding = true, true, true
	c.DisableUTP, c.DisableIPv6, c.DisableWebtorrent, c.DisableWebseeds = true, true, true, true
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: ip}}
	c.TrackerDialContext, c.HTTPDialContext = dialer.DialContext, dialer.DialContext
	c.DialForPeerConns = false
	c.Seed = true
	c.DefaultStorage = pwrite{dir, storage.NewMapPieceCompletion()}
	c.Slogger = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	return c, dialer, nil
}

// add downloads, and says when all is there. The goroutine ends with the torrent
// or the program.
func add(client *torrent.Client, file string, peers []string) error {
	t, err := client.AddTorrentFromFile(file)
	if err != nil {
		return fmt.Errorf("add torrent: %w", err)
	}
	<-t.GotInfo()
	t.DownloadAll()
	for _, a := range peers {
		t.AddPeers([]torrent.PeerInfo{{Addr: torrent.StringAddr(a), Trusted: true}})
	}
	go func() {
		select {
		case <-t.Complete().On():
			fmt.Println(`{"ev":"done"}`)
		case <-t.Closed():
		}
	}()
	return nil
}
