package terminal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"

	"piecewise/engine"

	"github.com/alecthomas/kong"
)

// Version is what --version prints; the linker may set it.
var Version = "0.1.0"

const description = `Downloads and shares torrents, and shows every piece on its way.

Without a command it opens the window with the given torrents: files, magnet links or https links.

Exit codes: 0 all went well; 1 not all is there; 2 the command line is wrong;
3 it could not run (a torrent that cannot be read or written, a profile in use); 130 interrupted.`

// Stdio is where a command writes. A part that is an *os.File and a terminal
// gets progress, and colour unless NO_COLOR is set.
type Stdio struct {
	Out io.Writer // results
	Err io.Writer // progress and errors
}

// Command is a command line that was understood.
type Command struct {
	args arguments
	run  func(context.Context, *Stdio) error // nil for the window
	demo bool                                // the window is to show the demo swarm
	text string                              // what --help or --version prints
}

// Window is what the window is to be opened with.
type Window struct {
	Config  engine.Config    // Profile is set; Logger is not
	Sources []string         // for engine.Open: files, magnet links, info hashes, URLs
	Peers   []netip.AddrPort // to dial for each of them
	Demo    bool             // show one leech of a swarm inside the process; no sources
}

// arguments is the shape of the command line, as kong reads it.
type arguments struct {
	flags
	Open    openCommand    `cmd:"" default:"withargs" help:"Open the window (this is the default)."`
	Get     getCommand     `cmd:"" help:"Download without a window; exits when all is verified."`
	Show    showCommand    `cmd:"" help:"Print what is in a torrent."`
	Verify  verifyCommand  `cmd:"" help:"Check data on disk against a torrent."`
	Create  createCommand  `cmd:"" help:"Make a torrent of a file or folder."`
	Restore restoreCommand `cmd:"" help:"List the backups of the list and the settings, or restore one at the next start."`
	Tracker trackerCommand `cmd:"" help:"Be a tracker, over HTTP and UDP."`
	Demo    demoCommand    `cmd:"" help:"Watch a whole swarm inside this process; needs no network."`
}

type openCommand struct {
	Sources []string `arg:"" optional:"" name:"source" help:"A .torrent file, a magnet link, an info hash or an https link to a .torrent."`
}

// Parse reads the arguments that follow the program's name. The error, if any, is
// one sentence about a wrong command line; Report prints it.
func Parse(args []string) (*Command, error) {
	c := &Command{}
	var text bytes.Buffer
	asked := false // for --help or --version, after which the arguments do not matter
	parser, err := kong.New(&c.args, kong.Name("piecewise"), kong.Description(description),
		kong.Writers(&text, &text), kong.Exit(func(int) { asked = true }), kong.Vars{"version": "piecewise " + Version},
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}))
	if err != nil {
		return nil, fmt.Errorf("describe the command line: %w", err)
	}
	parsed, err := parser.Parse(args)
	if asked {
		c.text = text.String()
		return c, nil
	}
	if err == nil {
		err = c.args.check()
	}
	if err != nil {
		return nil, &usageError{err}
	}
	c.run = c.choose(parsed.Selected().Name)
	return c, nil
}

func (c *Command) choose(name string) func(context.Context, *Stdio) error {
	a := &c.args
	switch name {
	case "get":
		return func(ctx context.Context, std *Stdio) error { return a.Get.run(ctx, std, &a.flags) }
	case "show":
		return func(ctx context.Context, std *Stdio) error { return a.Show.run(ctx, std, &a.flags) }
	case "verify":
		return func(ctx context.Context, std *Stdio) error { return a.Verify.run(ctx, std, &a.flags) }
	case "restore":
		return func(ctx context.Context, std *Stdio) error { return a.Restore.run(ctx, std, &a.flags) }
	case "tracker":
		return func(ctx context.Context, std *Stdio) error { return a.Tracker.run(ctx, std, &a.flags) }
	case "create":
		return a.Create.run
	case "demo":
		if a.Demo.Terminal {
			return a.Demo.run
		}
		c.demo = true
	}
	return nil
}

// Window returns what the window is to be opened with, and false if no window was
// asked for.
func (c *Command) Window() (Window, bool) {
	if c.run != nil || c.text != "" {
		return Window{}, false
	}
	cfg := c.args.config()
	if cfg.Profile == "" {
		cfg.Profile = windowProfile()
	}
	return Window{Config: cfg, Sources: c.args.Open.Sources, Peers: c.args.Peer, Demo: c.demo}, true
}

// Run does what was asked for, unless that is the window, and returns the exit
// code; it has printed the error then. It ends early when ctx does.
func (c *Command) Run(ctx context.Context, std Stdio) int {
	if c.run == nil {
		fmt.Fprint(std.Out, c.text)
		return 0
	}
	return Report(std.Err, c.run(ctx, &std))
}

// Report prints err as one sentence and returns the exit code that belongs to it;
// without an error it prints nothing and returns 0.
func Report(w io.Writer, err error) int {
	var usage *usageError
	var start *startError
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errInterrupted):
		return 130
	case errors.As(err, &usage):
		fmt.Fprintf(w, "piecewise: %v; piecewise --help tells more\n", err)
		return 2
	case errors.As(err, &start), errors.Is(err, engine.ErrProfileInUse):
		fmt.Fprintf(w, "piecewise: %v\n", err)
		return 3
	}
	fmt.Fprintf(w, "piecewise: %v\n", err)
	return 1
}

// errInterrupted is what a command ends with when its context ended first.
var errInterrupted = errors.New("interrupted")

// usageError is a wrong command line.
type usageError struct{ error }

func (e *usageError) Unwrap() error { return e.error }

// CannotRun makes err, unless it is nil, one that Report exits with 3 for.
func CannotRun(err error) error {
	if err == nil {
		return nil
	}
	return &startError{err}
}

// startError is why a command could not begin, or could not go on at all.
type startError struct{ error }

func (e *startError) Unwrap() error { return e.error }
