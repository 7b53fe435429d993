package terminal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"text/tabwriter"

	"piecewise/engine"
	"piecewise/ui/format"
)

type restoreCommand struct {
	Name string `arg:"" optional:"" name:"backup" help:"The backup, as the list names it."`
}

// run lists the backups of the window's profile, or has the next start restore one.
func (c *restoreCommand) run(ctx context.Context, std *Stdio, f *flags) error {
	cfg := f.config()
	if cfg.Profile == "" {
		cfg.Profile = windowProfile()
	}
	e := engine.New(cfg)
	if c.Name != "" {
		err := e.RestoreBackup(ctx, c.Name)
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("there is no backup %q; without a name they are listed", c.Name)
		}
		if err != nil {
			return &startError{err}
		}
		fmt.Fprintln(std.Out, "The next start restores it. What it replaces is kept beside it.")
		return nil
	}
	list, err := e.Backups(ctx)
	if err != nil {
		return &startError{err}
	}
	if len(list) == 0 {
		fmt.Fprintln(std.Out, "There is no backup yet.")
		return nil
	}
	w := tabwriter.NewWriter(std.Out, 0, 0, 2, ' ', 0)
	for _, b := range list {
		fmt.Fprintf(w, "%s\t%s\t%s\n", b.Name, b.Time.Local().Format("2006-01-02 15:04"), format.Plural(b.Torrents, "torrent", "torrents"))
	}
	return w.Flush()
}
