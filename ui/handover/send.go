package handover

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const sendDeadline = 5 * time.Second

// Send hands the message to the instance that holds the profile and returns
// once that has taken it, after five seconds at most. An empty Dir becomes the
// working directory, and a relative argument that names an existing file is
// made absolute; the rest travels as it is.
func Send(ctx context.Context, profile string, m Message) error {
	ctx, cancel := context.WithTimeout(ctx, sendDeadline)
	defer cancel()
	m, err := m.absolute()
	if err != nil {
		return fmt.Errorf("hand over arguments: %w", err)
	}
	p, err := placeFor(profile)
	if err != nil {
		return fmt.Errorf("hand over arguments: %w", err)
	}
	if err := p.send(ctx, m); err != nil {
		return fmt.Errorf("hand over arguments: %w", err)
	}
	return nil
}

func (p place) send(ctx context.Context, m Message) error {
	line, err := m.encode()
	if err != nil {
		return err
	}
	conn, err := p.dial(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	// The deadline alone would not notice a context that is cancelled earlier.
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	err = exchange(conn, line)
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("the running instance does not answer: %w", ctx.Err())
	}
	return err
}

func exchange(conn *net.UnixConn, line []byte) error {
	if err := checkPeer(conn); err != nil {
		return err
	}
	// A receiver that refuses answers before it has read everything, so its
	// answer is worth more than the error of writing on.
	_, writeErr := conn.Write(line)
	reply, err := bufio.NewReader(io.LimitReader(conn, maxMessage)).ReadBytes('\n')
	if err != nil {
		return errors.Join(writeErr, fmt.Errorf("read answer: %w", err))
	}
	var a answer
	if err := json.Unmarshal(reply, &a); err != nil {
		return fmt.Errorf("decode answer: %w", err)
	}
	if !a.OK {
		return fmt.Errorf("the running instance refused: %s", a.Error)
	}
	return nil
}

// absolute looks at the sender's own disk: only it knows what its words mean.
func (m Message) absolute() (Message, error) {
	if m.Dir == "" {
		wd, err := os.Getwd()
		if err != nil {
			return m, fmt.Errorf("find working directory: %w", err)
		}
		m.Dir = wd
	}
	args := make([]string, len(m.Args))
	for i, a := range m.Args {
		args[i] = a
		if a == "" || filepath.IsAbs(a) || strings.HasPrefix(a, "-") {
			continue
		}
		path := filepath.Join(m.Dir, a)
		if fi, err := os.Stat(path); err == nil && !fi.IsDir() {
			args[i] = path
		}
	}
	m.Args = args
	return m, nil
}
