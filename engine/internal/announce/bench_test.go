package announce

import (
	"context"
	"encoding/binary"
	"fmt"
	"testing"
	"time"
)

// instant answers at once.
type instant struct{}

func (instant) announce(context.Context, request) (reply, error) {
	return reply{interval: time.Hour}, nil
}

func (instant) scrape(context.Context, string, [][20]byte) (map[[20]byte]counts, error) {
	return nil, nil
}

func (instant) changed() {}
func (instant) close()   {}

// BenchmarkRounds is the loop's own cost of `started` and `stopped` for many
// torrents with three trackers each on three hosts, without the network.
func BenchmarkRounds(b *testing.B) {
	for _, size := range []int{100, 1000, 10_000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			for b.Loop() {
				a := New(testConfig)
				a.via = instant{}
				ctx, cancel := context.WithCancel(context.Background())
				ended := make(chan error)
				go func() { ended <- a.Run(ctx) }()
				for n := range size {
					t := torrentOf([]string{"http://a"}, []string{"http://b"}, []string{"http://c"})
					binary.BigEndian.PutUint32(t.ID[:], uint32(n))
					a.Start(t)
				}
				cancel()
				<-ended
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*size), "ns/torrent")
		})
	}
}
