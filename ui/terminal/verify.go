package terminal

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"piecewise/engine"
	"piecewise/ui/format"
)

type verifyCommand struct {
	Source string `arg:"" name:"file" help:"The .torrent file."`
}

// run hashes the data and returns an error that counts what is not right.
func (c *verifyCommand) run(ctx context.Context, std *Stdio, f *flags) error {
	src, err := openSource(ctx, c.Source, f.config())
	if err != nil {
		return err
	}
	if src.Meta == nil {
		return &startError{errors.New("a magnet link has no pieces to check against; give the .torrent file")}
	}
	dir, err := filepath.Abs(f.Dir)
	if err != nil {
		return &startError{fmt.Errorf("find the folder: %w", err)}
	}
	bad, err := engine.Verify(ctx, src, dir, drawing(std, src.Meta))
	switch {
	case ctx.Err() != nil:
		return errInterrupted
	case err != nil:
		return &startError{fmt.Errorf("verify %s: %w", format.Name(src.Name), err)}
	case bad > 0:
		return fmt.Errorf("%s of %s missing or wrong", format.Count(bad), piecesAre(src.Meta.Pieces))
	}
	fmt.Fprintf(std.Out, "all there: %s\n", format.Plural(src.Meta.Pieces, "piece", "pieces"))
	return nil
}

func piecesAre(n int) string {
	if n == 1 {
		return "1 piece is"
	}
	return format.Count(n) + " pieces are"
}

// drawing returns a function that draws the pieces as they are hashed; nil if
// there is no terminal.
func drawing(std *Stdio, meta *engine.Meta) func(piece int, ok bool) {
	s := newScreen(std.Err)
	if s == nil {
		return nil
	}
	states := make([]engine.PieceState, meta.Pieces)
	done := 0
	var last time.Time
	return func(piece int, ok bool) {
		states[piece] = engine.Failed
		if ok {
			states[piece] = engine.Verified
		}
		if done++; done < len(states) && time.Since(last) < 100*time.Millisecond {
			return
		}
		last = time.Now()
		columns, _ := s.size()
		s.draw([]string{
			bar(engine.NewPieces(slices.Clone(states)), columns-1, s.color),
			clip(fmt.Sprintf("%s of %s hashed", format.Count(done), piecesAre(len(states))), columns-1),
		})
	}
}
