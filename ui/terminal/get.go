package terminal

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"piecewise/engine"
)

type getCommand struct {
	Sources  []string       `arg:"" name:"source" help:"A .torrent file, a magnet link, an info hash or an https link to a .torrent."`
	Seed     bool           `help:"Go on seeding afterwards, until interrupted."`
	JSON     bool           `name:"json" help:"Print one JSON object per torrent and second on standard output, instead of progress."`
	Continue bool           `help:"Go on in files that are there already and not complete: what is right in them stays, what is missing is written into them. Without this they are not changed."`
	Details  time.Duration  `name:"details-wait" placeholder:"TIME" help:"Give up a magnet link whose list of files has not begun to come in this time, as in 90s, and say why; by default it is waited for."`
	Wait     *time.Duration `placeholder:"TIME" help:"Wait so long for a disk that is full, read-only or away, as in 90s or 2h; by default for ever in a terminal, else 5m."`
}

// waitUnseen is how long get waits for a disk if nobody sees that it does.
const waitUnseen = 5 * time.Minute

// Help is what `get --help` tells besides the flags.
func (*getCommand) Help() string {
	return `Without --profile, the same command after an interruption goes on where it was.

With --json every line is one object with infohash, name, state, done, size, have, downloaded, uploaded, down, up,
peers, seeds, eta and error: bytes, bytes a second and seconds; eta is -1 if unknown, done means that all wanted
pieces are verified. way is a sentence that says why nothing leaves this machine, because the interface of --interface is gone
or the proxy fails; it is empty while all is well, and until then the download waits.

A disk that is full, read-only or taken away is waited for, see --wait; the download goes on when it can again.
Other trouble ends it.`
}

// run downloads and returns once all is verified, or ctx has ended.
func (c *getCommand) run(ctx context.Context, std *Stdio, f *flags) error {
	cfg, err := c.config(f)
	if err != nil {
		return &startError{err}
	}
	sources, err := openAll(ctx, c.Sources, cfg)
	if err != nil {
		return err
	}
	r := c.reporter(std)
	s := startSession(cfg, r)
	s.patience, s.details = c.patience(r), c.Details
	err = s.add(ctx, sources, engine.AddOptions{Dir: cfg.Dir, Peers: f.Peer, Continue: c.Continue})
	if err == nil {
		err = s.watch(ctx, c.Seed)
	}
	if ended := s.close(); ended != nil {
		err = &startError{ended}
	}
	if err != nil || c.Seed || f.Profile != "" {
		return err
	}
	// The profile was only there to go on after an interruption.
	if err := os.RemoveAll(cfg.Profile); err != nil {
		return fmt.Errorf("remove profile: %w", err)
	}
	return nil
}

// config returns the engine's configuration with the folders that get has by default.
func (c *getCommand) config(f *flags) (engine.Config, error) {
	cfg := f.config()
	var err error
	if cfg.Dir, err = filepath.Abs(cfg.Dir); err != nil {
		return cfg, fmt.Errorf("find the folder to save in: %w", err)
	}
	if cfg.Profile == "" {
		cfg.Profile, err = getProfile(cfg.Dir, c.Sources)
	}
	return cfg, err
}

func (c *getCommand) reporter(std *Stdio) reporter {
	if c.JSON {
		return &jsonLines{w: std.Out}
	}
	if s := newScreen(std.Err); s != nil {
		return &progress{screen: s}
	}
	return &plainLines{w: std.Err}
}

// patience is how long a disk in trouble is waited for; negative is for ever.
func (c *getCommand) patience(r reporter) time.Duration {
	if c.Wait != nil {
		return max(0, *c.Wait)
	}
	if _, seen := r.(*progress); seen {
		return -1
	}
	return waitUnseen
}

// openAll opens what the user named, each only once.
func openAll(ctx context.Context, args []string, cfg engine.Config) ([]*engine.Source, error) {
	var sources []*engine.Source
	seen := map[engine.ID]bool{}
	for _, arg := range args {
		src, err := openSource(ctx, arg, cfg)
		if err != nil {
			return nil, err
		}
		if !seen[src.ID] {
			sources = append(sources, src)
		}
		seen[src.ID] = true
	}
	return sources, nil
}

func openSource(ctx context.Context, arg string, cfg engine.Config) (*engine.Source, error) {
	src, err := engine.OpenFor(ctx, arg, cfg)
	switch {
	case ctx.Err() != nil:
		return nil, errInterrupted
	case err != nil:
		return nil, &startError{err} // it names what was to be opened
	}
	return src, nil
}
