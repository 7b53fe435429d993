// Command host runs the program without its window, on a profile that is there:
// what many torrents cost, and how soon they are there.
//
//	host -make 1000 -pieces 2000 -profile DIR -dir DIR      make such a profile, and print the info hashes
//	host -listen 127.0.1.1:20001 -profile DIR               run it until standard input ends
//
// It prints {"ev":"ready"} when it begins and {"ev":"rows"} when it has a list, with
// how many torrents are in it and how many seed.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net/netip"
	"os"

	"piecewise/engine"
	"piecewise/engine/shelf"
)

func main() {
	log.SetFlags(0)
	listen := flag.String("listen", "127.0.0.1:20001", "address to listen on")
	profile := flag.String("profile", "", "folder")
	dir := flag.String("dir", "", "folder of the data")
	torrents := flag.Int("make", 0, "how many torrents to make")
	pieces := flag.Int("pieces", 2000, "of each torrent")
	paused := flag.Bool("paused", false, "they are stopped")
	tracker := flag.String("tracker", "", "of each torrent")
	flag.Parse()
	if *torrents > 0 {
		s := shelf.Shelf{Torrents: *torrents, Pieces: *pieces, Paused: *paused}
		if *tracker != "" {
			s.Trackers = [][]string{{*tracker}}
		}
		ids, err := s.Make(*profile, *dir)
		if err != nil {
			log.Fatal(err)
		}
		for _, id := range ids {
			fmt.Printf("%x\n", id)
		}
		return
	}
	if err := run(*profile, *listen); err != nil {
		log.Fatal(err)
	}
}

func run(profile, listen string) error {
	addr, err := netip.ParseAddrPort(listen)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	e := engine.New(engine.Config{Profile: profile, Listen: addr, Loopback: true, NoUTP: true})
	out := json.NewEncoder(os.Stdout)
	say := func(event string, rows, seeding int) {
		_ = out.Encode(map[string]any{"ev": event, "rows": rows, "seeding": seeding})
	}
	say("ready", 0, 0)
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx) }()
	told, all := -1, false
	for u := range e.Updates() {
		if u.Snapshot == nil {
			continue
		}
		seeding := 0
		for _, t := range u.Snapshot.Torrents {
			if t.State == engine.Seeding {
				seeding++
			}
		}
		n := len(u.Snapshot.Torrents)
		if told < 0 {
			say("rows", n, seeding)
			told = seeding
		}
		if !all && seeding == n {
			say("all", n, seeding)
			all = true
		}
	}
	return <-ended
}
