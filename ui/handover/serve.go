package handover

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"time"
)

const (
	connDeadline = 3 * time.Second
	maxConns     = 8
	acceptPause  = 100 * time.Millisecond // after a failed accept, for instance without free descriptors
)

// Serve calls handle with what other starts hand over, one message at a time,
// until the context ends or the instance is closed; then it returns nil, once
// every handle has returned. A message counts as taken, for the sender too,
// when handle returns, so that must be soon: it passes the message on and waits
// for nothing. What is too long, malformed or from another user is answered
// with an error and dropped.
func (i *Instance) Serve(ctx context.Context, handle func(Message)) error {
	stop := context.AfterFunc(ctx, func() { i.listener.Close() })
	defer stop()
	var one sync.Mutex
	inTurn := func(m Message) {
		one.Lock()
		defer one.Unlock()
		handle(m)
	}
	var conns sync.WaitGroup
	defer conns.Wait()
	slots := make(chan struct{}, maxConns)
	for {
		slots <- struct{}{}
		conn, err := i.listener.AcceptUnix()
		if err != nil {
			<-slots
			if errors.Is(err, net.ErrClosed) {
				return nil
			}
			pause(ctx, acceptPause)
			continue
		}
		conns.Go(func() {
			defer func() { <-slots }()
			receive(ctx, conn, inTurn)
		})
	}
}

// receive answers one connection and closes it.
func receive(ctx context.Context, conn *net.UnixConn, handle func(Message)) {
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	// A connection without its deadline could hold a slot for ever.
	if err := conn.SetDeadline(time.Now().Add(connDeadline)); err != nil {
		return
	}
	m, err := read(conn)
	if errors.Is(err, io.EOF) {
		return // a start that only looked whether somebody is here
	}
	a := answer{OK: err == nil}
	if err != nil {
		a.Error = shorten(err.Error())
	} else {
		handle(m)
		// However long that took, the sender gets its answer.
		if conn.SetDeadline(time.Now().Add(connDeadline)) != nil {
			return
		}
	}
	// A sender that does not wait for its answer does not need it.
	_ = json.NewEncoder(conn).Encode(a)
}

func read(conn *net.UnixConn) (Message, error) {
	if err := checkPeer(conn); err != nil {
		return Message{}, err
	}
	line, err := bufio.NewReader(io.LimitReader(conn, maxMessage+1)).ReadBytes('\n')
	switch {
	case errors.Is(err, io.EOF) && len(line) == 0:
		return Message{}, io.EOF
	case len(line) > maxMessage:
		return Message{}, errors.New("the message is too long")
	case err != nil:
		return Message{}, errors.New("the message is incomplete")
	}
	return parse(line)
}

// shorten keeps an answer in bounds: a decoder's error may quote what was sent.
func shorten(s string) string {
	if len(s) > truncatedAt {
		s = s[:truncatedAt]
	}
	return strings.ToValidUTF8(s, "")
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
