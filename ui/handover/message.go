package handover

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

const (
	version     = 1
	maxMessage  = 64 << 10 // bytes on the wire, the final line feed included
	maxArgs     = 1000
	truncatedAt = 200 // bytes of a foreign error that are repeated
)

// Message is what a second start tells the first one.
type Message struct {
	// Args are the arguments without the program's name: paths, links, flags.
	// At most 1,000, and 64 KiB together; valid UTF-8 without NUL.
	Args []string
	// Dir is the absolute working directory of the sender, to which a relative
	// path in Args belongs.
	Dir string
}

// envelope is a Message as it travels. Its version changes with its meaning.
type envelope struct {
	Version int      `json:"version"`
	Dir     string   `json:"dir"`
	Args    []string `json:"args"`
}

// answer tells the sender what became of its message.
type answer struct {
	OK    bool   `json:"ok"`
	Error string `json:"error,omitempty"`
}

// encode is one line, line feed included.
func (m Message) encode() ([]byte, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // a magnet link is full of &
	if err := enc.Encode(envelope{Version: version, Dir: m.Dir, Args: m.Args}); err != nil {
		return nil, fmt.Errorf("encode message: %w", err)
	}
	if b.Len() > maxMessage {
		return nil, fmt.Errorf("the arguments take %d bytes, the limit is %d: open fewer at once", b.Len(), maxMessage)
	}
	return b.Bytes(), nil
}

// parse reads one line, with or without its line feed, and believes nothing.
func parse(line []byte) (Message, error) {
	if len(line) > maxMessage {
		return Message{}, errors.New("the message is too long")
	}
	if !utf8.Valid(line) {
		return Message{}, errors.New("the message is not valid UTF-8")
	}
	var e envelope
	if err := json.Unmarshal(line, &e); err != nil {
		return Message{}, fmt.Errorf("decode message: %w", err)
	}
	if e.Version != version {
		return Message{}, fmt.Errorf("the message has version %d, this program speaks %d", e.Version, version)
	}
	m := Message{Args: e.Args, Dir: e.Dir}
	return m, m.check()
}

func (m Message) check() error {
	if len(m.Args) > maxArgs {
		return fmt.Errorf("%d arguments are too many, the limit is %d", len(m.Args), maxArgs)
	}
	if !filepath.IsAbs(m.Dir) {
		return errors.New("the working directory is not absolute")
	}
	if !clean(m.Dir) {
		return errors.New("the working directory is not plain text")
	}
	for i, a := range m.Args {
		if !clean(a) {
			return fmt.Errorf("argument %d is not plain text", i+1)
		}
	}
	return nil
}

func clean(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsRune(s, 0)
}
