package webseed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

// failure is why a visit ended, and what follows from it.
type failure struct {
	reason string        // the end of a sentence
	aside  bool          // it is not tried again
	lacks  bool          // it has no such file
	file   int           // if it lacks one
	wait   time.Duration // that it asks for; 0 is as usual
}

func (f *failure) Error() string { return f.reason }

var (
	errWrong   = &failure{reason: "it sent data that is not the torrent's", aside: true}
	errEncoded = &failure{reason: "it sends files in an encoding that was not asked for", aside: true}
	errWhole   = &failure{reason: "it sends whole files only, which is of use for files up to 4 MiB", aside: true}
	errRange   = &failure{reason: "it sent another part of a file than was asked for", aside: true}
	errSlow    = &failure{reason: "it is too slow"}
	errShort   = &failure{reason: "it broke off in the middle of an answer"}
)

// refused is what a status other than that of an answer means.
func refused(resp *http.Response, file int, now time.Time) *failure {
	says := fmt.Sprintf("it answers %d", resp.StatusCode)
	if text := http.StatusText(resp.StatusCode); text != "" {
		says += " " + text
	}
	f := &failure{reason: says}
	switch code := resp.StatusCode; {
	case code == http.StatusNotFound || code == http.StatusGone:
		f.lacks, f.file = true, file
		f.reason = "it lacks files of the torrent"
	case code == http.StatusRequestedRangeNotSatisfiable:
		return otherLength(file)
	case code == http.StatusTooManyRequests || code == http.StatusRequestTimeout || code >= 500:
		f.wait = retryAfter(resp.Header.Get("Retry-After"), now)
	default:
		f.aside = true
	}
	return f
}

func otherLength(file int) *failure {
	return &failure{reason: "its files have other lengths", lacks: true, file: file}
}

// retryAfter reads how long a server wants us to stay away (RFC 9110, 10.2.3), 0 if
// it does not say.
func retryAfter(text string, now time.Time) time.Duration {
	text = strings.TrimSpace(text)
	if text == "" {
		return 0
	}
	wait := time.Duration(0)
	if s, err := strconv.ParseUint(text, 10, 64); err == nil || errors.Is(err, strconv.ErrRange) {
		wait = time.Duration(min(s, uint64(longestAsk/time.Second))) * time.Second
	} else if at, err := http.ParseTime(text); err == nil {
		wait = at.Sub(now)
	} else {
		return 0
	}
	return min(max(wait, time.Second), longestAsk)
}

// explain says in plain words why there was no answer. It leaves out the URL, which the
// user sees, and which may hold a secret.
func explain(err error) string {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	var dns *net.DNSError
	var op *net.OpError
	switch {
	case errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded):
		return "it does not answer"
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return errShort.reason
	case errors.As(err, &dns):
		return "its name is not known"
	case errors.As(err, &op) && op.Op == "dial":
		return "no connection: " + op.Err.Error()
	}
	text := strings.ToValidUTF8(err.Error(), "?")
	if len(text) > 200 {
		text = strings.ToValidUTF8(text[:200], "") + "…"
	}
	return text
}
