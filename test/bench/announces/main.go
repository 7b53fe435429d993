// Command announces loads trackers with announces, one after the other, and tells
// how many they answer: our own and opentracker, on this machine, over loopback.
//
//	announces -piecewise BINARY [-opentracker BINARY] [-rounds 5] [-seconds 4]
//
// Each tracker is started anew for each measurement, is given 100,000 peers of 1,000
// torrents, and is then asked by some workers, each from an address of its own, who
// have one request under way at a time: http has a connection for each announce, kept
// goes on with its connection (opentracker does not), udp has its connection IDs. All
// trackers are measured once in a round. What is printed are medians of the rounds,
// with the lowest and the highest; CPU is the tracker's, RSS what it holds then.
package main

import (
	"encoding/binary"
	"flag"
	"fmt"
	"log"
	"slices"
	"strings"
	"time"
)

const (
	torrents = 1000
	peers    = 100_000
)

// measured is one measurement.
type measured struct {
	rate    float64 // announces/s
	cost    float64 // µs of CPU time of the tracker for each
	rss     float64 // MB
	failed  int
	answers int // bytes of an answer
}

func main() {
	log.SetFlags(0)
	ours := flag.String("piecewise", "./piecewise", "our binary")
	theirs := flag.String("opentracker", "/usr/bin/opentracker", "theirs")
	rounds := flag.Int("rounds", 5, "rounds")
	seconds := flag.Float64("seconds", 4, "of each measurement")
	workers := flag.Int("workers", 16, "requests under way at a time")
	modes := flag.String("modes", "http,kept,udp", "what to measure")
	flag.Parse()
	all := map[string][]measured{}
	for round := range *rounds {
		for mode := range strings.SplitSeq(*modes, ",") {
			for _, name := range []string{"opentracker", "piecewise"} {
				if name == "opentracker" && mode == "kept" {
					continue // it closes every connection
				}
				m, err := measure(name, map[string]string{"opentracker": *theirs, "piecewise": *ours}[name], mode, *workers, *seconds)
				if err != nil {
					log.Fatalf("%s, %s: %v", name, mode, err)
				}
				key := fmt.Sprintf("%-5s %-12s", mode, name)
				all[key] = append(all[key], m)
				log.Printf("round %d  %s %8.0f/s  %5.1f µs  %5.1f MB  %d failed, %d bytes an answer", round+1, key, m.rate, m.cost, m.rss, m.failed, m.answers)
			}
		}
	}
	fmt.Println("mode  tracker           announces/s                     CPU µs an announce    RSS MB")
	for mode := range strings.SplitSeq(*modes, ",") {
		for _, name := range []string{"opentracker", "piecewise"} {
			key := fmt.Sprintf("%-5s %-12s", mode, name)
			if ms := all[key]; ms != nil {
				fmt.Println(key, spread(ms, func(m measured) float64 { return m.rate }, "%.0f", 32),
					spread(ms, func(m measured) float64 { return m.cost }, "%.1f", 22), spread(ms, func(m measured) float64 { return m.rss }, "%.1f", 10))
			}
		}
	}
}

// spread prints the median with the lowest and the highest.
func spread(ms []measured, of func(measured) float64, verb string, width int) string {
	var values []float64
	for _, m := range ms {
		values = append(values, of(m))
	}
	slices.Sort(values)
	text := fmt.Sprintf(verb+" ("+verb+"–"+verb+")", values[len(values)/2], values[0], values[len(values)-1])
	return fmt.Sprintf("%-*s", width, text)
}

func hashOf(torrent int) (hash [20]byte) {
	binary.BigEndian.PutUint64(hash[:], uint64(torrent)*0x9e3779b97f4a7c15)
	binary.BigEndian.PutUint64(hash[8:], uint64(torrent)*0xc2b2ae3d27d4eb4f)
	return hash
}

// measure starts a tracker, fills it, and asks it for some seconds.
func measure(name, binary, mode string, workers int, seconds float64) (measured, error) {
	t, err := start(name, binary)
	if err != nil {
		return measured{}, err
	}
	defer t.stop()
	load := &load{port: t.port, mode: mode, workers: workers}
	if err := load.await(); err != nil {
		return measured{}, err
	}
	if err := load.fill(); err != nil {
		return measured{}, err
	}
	before, err := t.cpu()
	if err != nil {
		return measured{}, err
	}
	began := time.Now()
	count, failed := load.run(time.Duration(seconds * float64(time.Second)))
	took := time.Since(began).Seconds()
	after, err := t.cpu()
	if err != nil {
		return measured{}, err
	}
	rss, err := t.rss()
	if err != nil {
		return measured{}, err
	}
	if count == 0 || failed > count/1000 {
		return measured{}, fmt.Errorf("%d answered, %d failed", count, failed)
	}
	return measured{
		rate: float64(count) / took, cost: (after - before) * 1e6 / float64(count), rss: rss, failed: failed,
		answers: int(load.bytes.Load() / int64(count)),
	}, nil
}
