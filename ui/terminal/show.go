package terminal

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"text/tabwriter"
	"time"

	"piecewise/engine"
	"piecewise/ui/format"
)

type showCommand struct {
	Source string `arg:"" name:"source" help:"A .torrent file, a magnet link or an https link to a .torrent."`
	JSON   bool   `name:"json" help:"Print one JSON object."`
}

func (c *showCommand) run(ctx context.Context, std *Stdio, f *flags) error {
	src, err := openSource(ctx, c.Source, f.config())
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(std.Out).Encode(content(src))
	}
	return show(std.Out, src)
}

// show prints a torrent for people.
func show(w io.Writer, src *engine.Source) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	field := func(name, value string) { fmt.Fprintf(table, "%s\t%s\n", name, value) }
	field("Name", or(format.Name(src.Name), format.None))
	field("Info hash", src.ID.String())
	if v2 := hashV2(src); v2 != "" {
		field("v2 hash", v2)
	}
	if m := src.Meta; m != nil {
		field("Size", fmt.Sprintf("%s (%s bytes) in %s", format.Size(m.Size), format.Count(int(m.Size)),
			format.Plural(len(m.Files), "file", "files")))
		field("Pieces", fmt.Sprintf("%s of %s", format.Count(m.Pieces), pieceSize(m.PieceLength)))
		field("Version", m.Version)
		if m.Private {
			field("Private", "yes: peers from its trackers only")
		}
		if !m.Created.IsZero() || m.CreatedBy != "" {
			field("Created", fmt.Sprintf("%s by %s", format.Moment(m.Created), or(format.Name(m.CreatedBy), "an unknown program")))
		}
		if m.Comment != "" {
			field("Comment", format.Text(m.Comment))
		}
	}
	for tier, urls := range src.Trackers {
		for _, url := range urls {
			field("Tracker", fmt.Sprintf("%s (tier %d)", format.Text(url), tier+1))
		}
	}
	for _, url := range src.WebSeeds {
		field("Web seed", format.Text(url))
	}
	for _, p := range src.Peers {
		field("Peer", p.String())
	}
	if src.Meta == nil {
		field("Files", "not known before a peer sends the list")
	}
	if err := table.Flush(); err != nil || src.Meta == nil {
		return err
	}
	return showFiles(w, src.Meta)
}

func showFiles(w io.Writer, m *engine.Meta) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table)
	for _, f := range m.Files {
		// The last cell of a row is not aligned, so the name stays on the left.
		fmt.Fprintf(table, "%s\t  %s\n", format.Size(f.Length), format.Text(path.Join(f.Path...)))
	}
	return table.Flush()
}

// pieceSize prints the powers of two that piece lengths are.
func pieceSize(n int64) string {
	switch {
	case n%(1<<20) == 0:
		return fmt.Sprintf("%d MiB", n>>20)
	case n%(1<<10) == 0:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d bytes", n)
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// hashV2 is the v2 info hash in full, "" if there is none.
func hashV2(src *engine.Source) string {
	if src.HashV2 == [32]byte{} {
		return ""
	}
	return hex.EncodeToString(src.HashV2[:])
}

// contents is the object of show --json; sizes are bytes.
type contents struct {
	InfoHash    string     `json:"infohash"`
	InfoHashV2  string     `json:"infohash_v2,omitempty"`
	Name        string     `json:"name"`
	Version     string     `json:"version,omitempty"`
	Size        int64      `json:"size"`
	PieceLength int64      `json:"piece_length"`
	Pieces      int        `json:"pieces"`
	Private     bool       `json:"private"`
	Comment     string     `json:"comment,omitempty"`
	CreatedBy   string     `json:"created_by,omitempty"`
	Created     *time.Time `json:"created,omitempty"`
	Trackers    [][]string `json:"trackers"`
	WebSeeds    []string   `json:"web_seeds,omitempty"`
	Files       []file     `json:"files"` // null for a magnet link
}

type file struct {
	Path   string `json:"path"`
	Length int64  `json:"length"`
}

func content(src *engine.Source) contents {
	c := contents{InfoHash: src.ID.String(), InfoHashV2: hashV2(src), Name: src.Name, Trackers: src.Trackers, WebSeeds: src.WebSeeds}
	m := src.Meta
	if m == nil {
		return c
	}
	c.Version, c.Size, c.PieceLength, c.Pieces = m.Version, m.Size, m.PieceLength, m.Pieces
	c.Private, c.Comment, c.CreatedBy = m.Private, m.Comment, m.CreatedBy
	if !m.Created.IsZero() {
		c.Created = &m.Created
	}
	for _, f := range m.Files {
		c.Files = append(c.Files, file{path.Join(f.Path...), f.Length})
	}
	return c
}
