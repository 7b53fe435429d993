package terminal

import (
	"context"
	"fmt"
	"time"

	"piecewise/engine"
	"piecewise/engine/demo"
	"piecewise/ui/format"
)

// demoLimit ends a demo that gets nowhere; it takes a tenth of that.
const demoLimit = 10 * time.Minute

type demoCommand struct {
	Terminal bool `help:"Draw it in the terminal, not in a window."`
}

// run draws the swarm until all leeches have everything, then what each gave and
// took.
func (c *demoCommand) run(ctx context.Context, std *Stdio) error {
	bounded, cancel := context.WithTimeout(ctx, demoLimit)
	defer cancel()
	fmt.Fprintln(std.Err, "One tracker, one seed and seven leeches, all in this process:")
	swarm, err := demo.Start(bounded, demo.Options{})
	switch {
	case ctx.Err() != nil:
		return errInterrupted
	case err != nil:
		return &startError{fmt.Errorf("start the swarm: %w", err)}
	}
	err = watchSwarm(bounded, swarm, std)
	rows := rowsOf(swarm)
	if closed := swarm.Close(); err == nil && closed != nil {
		err = fmt.Errorf("stop the swarm: %w", closed)
	}
	switch {
	case ctx.Err() != nil:
		return errInterrupted
	case err != nil:
		return err
	}
	for _, line := range tally(rows) {
		fmt.Fprintln(std.Out, line)
	}
	return nil
}

// watchSwarm draws the members four times a second, or without a terminal every
// five seconds.
func watchSwarm(ctx context.Context, swarm *demo.Swarm, std *Stdio) error {
	s, every := newScreen(std.Err), 250*time.Millisecond
	if s == nil {
		every = 5 * time.Second
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		rows := rowsOf(swarm)
		if s == nil {
			for _, line := range drawSwarm(rows, 80, false) {
				fmt.Fprintln(std.Err, line)
			}
			fmt.Fprintln(std.Err)
		} else {
			columns, _ := s.size()
			s.draw(drawSwarm(rows, columns, s.color))
		}
		if allDone(rows) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for all leeches: %w", ctx.Err())
		case <-tick.C:
		}
	}
}

// member is one line of the picture.
type member struct {
	name    string
	torrent *engine.Torrent // nil before the first update
}

func rowsOf(swarm *demo.Swarm) []member {
	var rows []member
	for _, m := range swarm.Members {
		rows = append(rows, member{m.Name, m.Torrent()})
	}
	return rows
}

func allDone(rows []member) bool {
	for _, m := range rows {
		if m.torrent == nil || !m.torrent.Done() {
			return false
		}
	}
	return true
}

// drawSwarm returns one line for each member: its pieces, and what it is doing.
func drawSwarm(rows []member, columns int, color bool) []string {
	const name, numbers = 9, 36
	var lines []string
	for _, m := range rows {
		t := m.torrent
		if t == nil {
			t = &engine.Torrent{Wanted: 1}
		}
		lines = append(lines, fmt.Sprintf("%-*s%s %5s  ↓ %-10s  ↑ %-10s", name, m.name,
			bar(t.Pieces, columns-name-numbers, color), format.Percent(t.Have, t.Wanted),
			format.Rate(t.Down), format.Rate(t.Up)))
	}
	return lines
}

// tally returns what each gave and took, and how many copies the seed sent.
func tally(rows []member) []string {
	var lines []string
	for _, m := range rows {
		lines = append(lines, fmt.Sprintf("%-8s gave %8s  took %8s", m.name,
			format.Size(m.torrent.Uploaded), format.Size(m.torrent.Downloaded)))
	}
	seed := rows[0].torrent
	copies := float64(seed.Uploaded) / float64(max(seed.Size, 1))
	return append(lines, fmt.Sprintf("The seed sent %.2f copies; the leeches gave each other the rest of their %d.",
		copies, len(rows)-1))
}
