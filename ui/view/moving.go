package view

import (
	"piecewise/engine"
	"piecewise/ui/format"
)

// Moving says how far the move of a torrent's files is: how much, how fast, and how
// long it will take.
func Moving(m *engine.Move) string {
	switch m.State {
	case engine.MoveWaiting:
		return "Waiting to be moved"
	case engine.MoveEnding:
		return "Moved, the old files are removed"
	case engine.MoveCancelled:
		return "Cancelling the move"
	}
	if m.Total == 0 {
		return "Moving"
	}
	text := "Moving, " + format.Percent(m.Done, m.Total)
	if m.Rate > 0 {
		text += ", " + format.Rate(m.Rate)
	}
	if m.Left >= 0 {
		text += ", " + format.Duration(m.Left) + " left"
	}
	return text
}

// moveFacts tell of a move; none without one.
func moveFacts(m *engine.Move) []Fact {
	if m == nil {
		return nil
	}
	facts := []Fact{{"Moving to", format.Text(m.To)}}
	if m.Total > 0 {
		facts = append(facts, Fact{"Copied", format.Size(m.Done) + " of " + format.Size(m.Total)})
	}
	return facts
}
