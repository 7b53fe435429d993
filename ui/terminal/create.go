package terminal

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/bits"
	"os"
	"path/filepath"
	"strings"
	"time"

	"piecewise/engine"
	"piecewise/ui/format"

	"github.com/dustin/go-humanize"
)

type createCommand struct {
	Path      string       `arg:"" name:"path" help:"The file or folder."`
	Output    string       `short:"o" placeholder:"FILE" help:"The .torrent file to write (default: the name of PATH with .torrent, in the current folder)."`
	Force     bool         `short:"f" help:"Overwrite FILE if it is there."`
	Format    hashFormat   `placeholder:"HOW" help:"Hashes for v1 clients (the default), for v2 clients, or a hybrid for both: v1, v2 or hybrid."`
	PieceSize pieceSizeArg `placeholder:"SIZE" help:"A power of two from 16KiB to 256MiB; automatic without it."`
	Private   bool         `help:"Take peers from its trackers only."`
	Source    string       `placeholder:"TEXT" help:"A source tag, which makes it another torrent for another tracker."`
	Tracker   []string     `sep:"none" placeholder:"URL[,URL...]" help:"A tier of trackers (repeatable): further tiers are asked when those before do not answer."`
	WebSeed   []string     `sep:"none" placeholder:"URL" help:"A web server that has the data (repeatable)."`
	Comment   string       `placeholder:"TEXT" help:"A comment."`
	NoDate    bool         `help:"Do not tell when it was made, so that the same data gives the same file."`
	Ignore    []string     `sep:"none" placeholder:"PATTERN" help:"Leave out names like *.nfo, or paths like extras/*, besides what nobody wants (repeatable)."`
	AllFiles  bool         `help:"Leave out only what --ignore says."`
	JSON      bool         `name:"json" help:"Print one JSON object."`
}

// Help is what `create --help` tells besides the flags.
func (c *createCommand) Help() string {
	return `Symbolic links, devices and empty folders are left out, and without --all-files these: ` +
		strings.Join(engine.IgnoredNames(), " ") + `.

With --json the object has torrent (the file), infohash, infohash_v2, name, version, size, files, piece_length, pieces,
torrent_size and left_out; sizes are bytes.`
}

// hashFormat is v1, v2 or hybrid.
type hashFormat engine.Format

var formats = []string{engine.FormatV1: "v1", engine.FormatV2: "v2", engine.FormatHybrid: "hybrid"}

// UnmarshalText reads "v1", "v2" or "hybrid".
func (f *hashFormat) UnmarshalText(text []byte) error {
	for i, name := range formats {
		if name == string(text) {
			*f = hashFormat(i)
			return nil
		}
	}
	return fmt.Errorf("%q is not v1, v2 or hybrid", text)
}

// pieceSizeArg is the length of pieces in bytes; 0 is automatic.
type pieceSizeArg int64

// UnmarshalText reads "1MiB", "256KiB", "65536" or "auto".
func (p *pieceSizeArg) UnmarshalText(text []byte) error {
	if string(text) == "auto" {
		return nil
	}
	n, err := humanize.ParseBytes(string(text))
	if err != nil || n < engine.MinPieceLength || n > engine.MaxPieceLength || bits.OnesCount64(n) != 1 {
		return fmt.Errorf("%q is not a power of two from 16KiB to 256MiB", text)
	}
	*p = pieceSizeArg(n)
	return nil
}

// options are what was chosen. The error is about the command line.
func (c *createCommand) options(now time.Time) (engine.CreateOptions, error) {
	o := engine.CreateOptions{
		Format: engine.Format(c.Format), PieceLength: int64(c.PieceSize), Private: c.Private, Source: c.Source,
		Comment: c.Comment, CreatedBy: "Piecewise " + Version, WebSeeds: c.WebSeed, Created: now,
	}
	if c.NoDate {
		o.Created = time.Time{}
	}
	for _, tier := range c.Tracker {
		o.Trackers = append(o.Trackers, strings.Split(tier, ","))
	}
	return o, o.Check()
}

// run makes the torrent. Nothing is left of it if it fails.
func (c *createCommand) run(ctx context.Context, std *Stdio) error {
	o, err := c.options(time.Now())
	if err != nil {
		return &usageError{err}
	}
	output, content, err := c.look(ctx)
	if err != nil {
		return endOf(ctx, &startError{err})
	}
	if o.PieceLength == 0 {
		o.PieceLength = engine.PieceLengthFor(content.Size)
	}
	screen := newScreen(std.Err)
	if !c.JSON {
		fmt.Fprintln(std.Err, plan(content, o))
		leftOut(std.Err, content)
	}
	made, err := engine.Create(ctx, content, o, hashing(screen, content.Size))
	changed := (*engine.ChangedError)(nil)
	switch {
	case err != nil && errors.As(err, &changed):
		return endOf(ctx, err)
	case err != nil:
		return endOf(ctx, &startError{err})
	}
	if err := made.Save(output, c.Force); err != nil {
		return &startError{because(output, err)}
	}
	return c.report(std.Out, output, content, made)
}

// look finds what is at the path, and where the torrent goes, which must be free.
func (c *createCommand) look(ctx context.Context) (output string, content *engine.Content, err error) {
	path, err := filepath.Abs(c.Path)
	if err != nil {
		return "", nil, fmt.Errorf("find %q: %w", c.Path, err)
	}
	output = c.Output
	if output == "" {
		output = filepath.Base(path) + ".torrent"
	}
	whole, err := filepath.Abs(output)
	if err != nil {
		return "", nil, fmt.Errorf("find %q: %w", output, err)
	}
	if _, err := os.Lstat(whole); err == nil && !c.Force {
		return "", nil, because(output, fs.ErrExist)
	}
	ignore := c.Ignore
	if !c.AllFiles {
		ignore = append(engine.IgnoredNames(), ignore...)
	}
	content, err = engine.LookAt(ctx, c.Path, ignore, whole)
	return output, content, err
}

// because says what to do about a file that is there already.
func because(output string, err error) error {
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%q is there already; --force overwrites it", output)
	}
	return err
}

// endOf is err, unless ctx has ended before.
func endOf(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return errInterrupted
	}
	return err
}

// plan says what will be made.
func plan(c *engine.Content, o engine.CreateOptions) string {
	return fmt.Sprintf("%s: %s in %s, %s of %s, a .torrent of %s", format.Name(c.Name), format.Size(c.Size),
		format.Plural(len(c.List), "file", "files"), format.Plural(c.Pieces(o.Format, o.PieceLength), "piece", "pieces"),
		pieceSize(o.PieceLength), format.Size(c.TorrentSize(o)))
}

// leftOut names some of what is not in the torrent.
func leftOut(w io.Writer, c *engine.Content) {
	const most = 5
	for _, l := range c.Left[:min(most, len(c.Left))] {
		fmt.Fprintf(w, "left out: %s (%s)\n", format.Text(l.Path), l.Why)
	}
	if n := c.LeftCount - most; n > 0 {
		fmt.Fprintf(w, "left out: %s more\n", format.Count(n))
	}
}

// hashing draws how far it is; nil where nothing can be drawn.
func hashing(s *screen, size int64) func(done int64) {
	if s == nil {
		return nil
	}
	start := time.Now()
	return func(done int64) {
		columns, _ := s.size()
		rate := int64(float64(done) / max(time.Since(start).Seconds(), 0.001))
		left := time.Duration(float64(size-done) / float64(max(rate, 1)) * float64(time.Second))
		s.draw([]string{clip(fmt.Sprintf("%s of %s hashed  %s  %s left", format.Percent(done, size), format.Size(size),
			format.Rate(rate), format.Duration(left)), columns-1)})
	}
}

// madeOf is the object of create --json; sizes are bytes.
type madeOf struct {
	Torrent     string `json:"torrent"`
	InfoHash    string `json:"infohash,omitempty"`
	InfoHashV2  string `json:"infohash_v2,omitempty"`
	Name        string `json:"name"`
	Version     string `json:"version"`
	Size        int64  `json:"size"`
	Files       int    `json:"files"`
	PieceLength int64  `json:"piece_length"`
	Pieces      int    `json:"pieces"`
	TorrentSize int    `json:"torrent_size"`
	LeftOut     int    `json:"left_out"`
}

func (c *createCommand) report(w io.Writer, output string, content *engine.Content, made *engine.Created) error {
	m := madeOf{
		Torrent: output, Name: content.Name, Version: formats[c.Format], Size: content.Size, Files: len(content.List),
		PieceLength: made.PieceLength, Pieces: made.Pieces, TorrentSize: len(made.Raw), LeftOut: content.LeftCount,
	}
	if !made.HashV1.IsZero() {
		m.InfoHash = made.HashV1.String()
	}
	if made.HashV2 != [32]byte{} {
		m.InfoHashV2 = hex.EncodeToString(made.HashV2[:])
	}
	if c.JSON {
		return json.NewEncoder(w).Encode(m)
	}
	fmt.Fprintf(w, "%s (%s)\n", format.Text(output), format.Size(int64(m.TorrentSize)))
	for _, hash := range [][2]string{{"info hash", m.InfoHash}, {"v2 info hash", m.InfoHashV2}} {
		if hash[1] != "" {
			fmt.Fprintf(w, "%s: %s\n", hash[0], hash[1])
		}
	}
	return nil
}
