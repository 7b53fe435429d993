package terminal

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"piecewise/engine/tracker"
	"piecewise/ui/format"
)

const (
	trackerPort  = 6969
	allowedAgain = 10 * time.Second // until an allow-list is looked at again
)

type trackerCommand struct {
	Allow       string        `placeholder:"PATH" help:"Serve these torrents only: a folder of .torrent files, or a file with an info hash a line. Changes of it are noticed."`
	Interval    time.Duration `default:"30m" help:"Let peers announce themselves this often."`
	MaxPeers    int           `default:"200000" help:"Keep at most this many peers, a sixteenth of them from one address."`
	MaxTorrents int           `default:"100000" help:"Keep at most this many swarms."`
	Connections int           `default:"4000" help:"Have at most this many HTTP connections at a time, 64 from one address."`
	Rate        float64       `default:"50" help:"Answer one address at most so often a second; 0 is no limit."`
}

// Help is what `tracker --help` tells besides the flags.
func (c *trackerCommand) Help() string {
	return `It answers announces and scrapes over HTTP and UDP, by default on port 6969 of every address. All it knows is in memory.`
}

func (c *trackerCommand) check() error {
	switch {
	case c.Interval < time.Second || c.Interval > 24*time.Hour:
		return fmt.Errorf("--interval %v is not between a second and a day", c.Interval)
	case c.MaxPeers < 1 || c.MaxPeers > 100_000_000 || c.MaxTorrents < 1 || c.MaxTorrents > 100_000_000:
		return fmt.Errorf("--max-peers and --max-torrents are between 1 and 100 million")
	case c.Connections < 1 || c.Connections > 1_000_000:
		return fmt.Errorf("--connections is between 1 and a million")
	case !(c.Rate >= 0 && c.Rate <= 1e6):
		return fmt.Errorf("--rate is between 0 and a million")
	}
	return nil
}

// listenAt is where the tracker listens.
func (c *trackerCommand) listenAt(f *flags) string {
	at := f.Listen.AddrPort
	switch {
	case !at.IsValid() && f.Loopback:
		at = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), trackerPort)
	case !at.IsValid():
		return fmt.Sprintf(":%d", trackerPort)
	case at.Addr().IsUnspecified() && f.Loopback:
		at = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), at.Port())
	case at.Addr() == netip.IPv4Unspecified():
		return fmt.Sprintf(":%d", at.Port()) // IPv6 as well
	}
	return at.String()
}

// run is a tracker until ctx ends.
func (c *trackerCommand) run(ctx context.Context, std *Stdio, f *flags) error {
	if err := c.check(); err != nil {
		return &usageError{err}
	}
	list := allowed{path: c.Allow}
	if err := list.read(); err != nil {
		return &startError{err}
	}
	s, err := tracker.Listen(c.listenAt(f))
	if err != nil {
		return &startError{err}
	}
	s.Interval, s.Peers, s.Torrents, s.Connections, s.Rate = c.Interval, c.MaxPeers, c.MaxTorrents, c.Connections, c.Rate
	if c.Rate == 0 {
		s.Rate = -1
	}
	s.SetList(list.list())
	fmt.Fprintf(std.Out, "tracker at %s and %s, %s\n", s.URL(), s.UDP(), list.words())
	ended := make(chan error, 1)
	serving, stop := context.WithCancel(ctx)
	defer stop()
	go func() { ended <- s.Serve(serving) }()
	err = c.watch(ctx, std, s, &list, ended)
	fmt.Fprintln(std.Out, statsLine(s.Stats()))
	return CannotRun(err)
}

// watch tells what the tracker does until it has ended: on a terminal each second in
// one line, else each minute in which it did something.
func (c *trackerCommand) watch(ctx context.Context, std *Stdio, s *tracker.Server, list *allowed, ended <-chan error) error {
	screen := newScreen(std.Err)
	second := time.NewTicker(time.Second)
	defer second.Stop()
	said, looked, before := time.Now(), time.Now(), tracker.Stats{}
	for {
		select {
		case err := <-ended:
			return err
		case now := <-second.C:
			if c.Allow != "" && now.Sub(looked) >= allowedAgain {
				looked = now
				if changed, err := list.again(); err != nil {
					fmt.Fprintln(std.Err, "piecewise:", err)
				} else if changed {
					s.SetList(list.list())
				}
			}
			switch stats := s.Stats(); {
			case screen != nil:
				columns, _ := screen.size()
				screen.draw([]string{clip(statsLine(stats), columns-1)})
			case now.Sub(said) >= time.Minute && stats != before:
				fmt.Fprintln(std.Err, statsLine(stats))
				said, before = now, stats
			}
		}
	}
}

// statsLine says what a tracker has and has done.
func statsLine(s tracker.Stats) string {
	text := fmt.Sprintf("%s, %s, %s, %s", format.Plural(s.Torrents, "torrent", "torrents"), format.Plural(s.Peers, "peer", "peers"),
		format.Plural(int(s.Announces), "announce", "announces"), format.Plural(int(s.Scrapes), "scrape", "scrapes"))
	for _, part := range []struct {
		n     int64
		words string
	}{{s.Refused, "refused"}, {s.Limited, "too often"}, {s.Crowded, "not taken in"}, {s.Strange, "of somebody else's peer"}} {
		if part.n > 0 {
			text += ", " + format.Count(int(part.n)) + " " + part.words
		}
	}
	return text
}
