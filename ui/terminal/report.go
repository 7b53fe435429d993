package terminal

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"piecewise/engine"
	"piecewise/ui/format"
)

// reporter tells how a download goes. Rows are in the order of the command line;
// a torrent that the engine has not told of yet has none.
type reporter interface {
	way(why string)                       // why nothing, or not all, can leave this machine, a sentence without its full stop; "" if all can
	changed(rows []*engine.Torrent) error // there is a new snapshot
	second(rows []*engine.Torrent) error  // a second has passed
	end(rows []*engine.Torrent) error     // the engine has stopped; called once
}

// jsonLines prints objects for programs.
type jsonLines struct {
	w    io.Writer
	done map[engine.ID]bool // as it was last told
	why  string             // as way tells
}

func (j *jsonLines) way(why string) { j.why = why }

// line is one object of get --json.
type line struct {
	InfoHash   string `json:"infohash"`
	Name       string `json:"name"`
	State      string `json:"state"`
	Done       bool   `json:"done"`
	Size       int64  `json:"size"`
	Have       int64  `json:"have"`
	Downloaded int64  `json:"downloaded"`
	Uploaded   int64  `json:"uploaded"`
	Down       int64  `json:"down"`
	Up         int64  `json:"up"`
	Peers      int    `json:"peers"`
	Seeds      int    `json:"seeds"`
	ETA        int64  `json:"eta"`
	Error      string `json:"error"`

	Trackers        int    `json:"trackers"`
	TrackersWorking int    `json:"trackers_working"`
	TrackerError    string `json:"tracker_error"`
	TrackerRefused  bool   `json:"tracker_refused"`
	SwarmSeeds      int    `json:"swarm_seeds"`
	SwarmPeers      int    `json:"swarm_peers"`

	Way string `json:"way"` // why nothing, or not all, can leave this machine
}

func (j *jsonLines) print(t *engine.Torrent) error {
	eta := int64(-1)
	if t.ETA >= 0 {
		eta = int64(t.ETA.Round(time.Second) / time.Second)
	}
	return json.NewEncoder(j.w).Encode(line{
		InfoHash: t.ID.String(), Name: t.Name, State: t.State.String(), Done: verified(t), Size: t.Size, Have: t.Have,
		Downloaded: t.Downloaded, Uploaded: t.Uploaded, Down: t.Down, Up: t.Up,
		Peers: t.Peers, Seeds: t.Seeds, ETA: eta, Error: t.Err,
		Trackers: t.Trackers, TrackersWorking: t.TrackersWorking, TrackerError: t.TrackerErr, TrackerRefused: t.TrackerRefused,
		SwarmSeeds: t.SwarmSeeds, SwarmPeers: t.SwarmPeers,
		Way: j.why,
	})
}

func (j *jsonLines) changed(rows []*engine.Torrent) error {
	for _, t := range rows {
		if verified(t) == j.done[t.ID] {
			continue
		}
		if j.done == nil {
			j.done = map[engine.ID]bool{}
		}
		j.done[t.ID] = verified(t)
		if err := j.print(t); err != nil {
			return err
		}
	}
	return nil
}

func (j *jsonLines) second(rows []*engine.Torrent) error {
	for _, t := range rows {
		if err := j.print(t); err != nil {
			return err
		}
	}
	return nil
}

func (j *jsonLines) end(rows []*engine.Torrent) error { return j.second(rows) }

// plainLines prints a sentence now and then, where nothing can be drawn.
type plainLines struct {
	w       io.Writer
	seconds int
	why     string // as it was last told
}

// way is told at once: nothing goes on by itself.
func (p *plainLines) way(why string) {
	switch {
	case why == p.why:
		return
	case why == "":
		fmt.Fprintln(p.w, "The way out is open again.")
	default:
		fmt.Fprintln(p.w, why+".")
	}
	p.why = why
}

func (p *plainLines) changed([]*engine.Torrent) error { return nil }

func (p *plainLines) second(rows []*engine.Torrent) error {
	if p.seconds++; p.seconds%5 == 0 {
		p.print(rows)
	}
	return nil
}

func (p *plainLines) end(rows []*engine.Torrent) error {
	p.print(rows)
	return nil
}

func (p *plainLines) print(rows []*engine.Torrent) {
	for _, t := range rows {
		fmt.Fprintf(p.w, "%s: %s\n", title(t), status(t))
	}
}

// progress draws a bar and a line for every torrent.
type progress struct {
	screen *screen
	why    string // as way tells
}

func (p *progress) way(why string) { p.why = why }

func (p *progress) changed(rows []*engine.Torrent) error {
	columns, lines := p.screen.size()
	if p.why != "" {
		lines--
	}
	p.screen.draw(withWay(p.why, columns, layOut(rows, columns, lines, p.screen.color)))
	return nil
}

// withWay puts under what is shown why nothing leaves.
func withWay(why string, columns int, shown []string) []string {
	if why == "" {
		return shown
	}
	return append(shown, clip(why+".", columns-1))
}

func (p *progress) second(rows []*engine.Torrent) error { return p.changed(rows) }

func (p *progress) end(rows []*engine.Torrent) error { return p.changed(rows) }

// layOut returns the lines for as many torrents as fit: three for each, those that
// are not done first, and one line for the rest.
func layOut(rows []*engine.Torrent, columns, lines int, color bool) []string {
	room := max((lines-2)/3, 1)
	shown := rows
	if len(rows) > room {
		shown = nil
		for _, done := range []bool{false, true} {
			for _, t := range rows {
				if t.Done() == done && len(shown) < room {
					shown = append(shown, t)
				}
			}
		}
	}
	var out []string
	for _, t := range shown {
		out = append(out, clip(title(t), columns-1), bar(t.Pieces, columns-1, color), clip(status(t), columns-1))
	}
	if hidden := len(rows) - len(shown); hidden > 0 {
		out = append(out, clip("and "+format.Plural(hidden, "more torrent", "more torrents"), columns-1))
	}
	return out
}
