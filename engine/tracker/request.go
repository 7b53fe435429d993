package tracker

import (
	"bytes"
	"strconv"
)

// request is what is read of a request; its slices are parts of what came.
type request struct {
	path, query []byte
	head        bool // only the head of the answer is wanted
	keep        bool // the connection goes on
	status      int  // 200 if it can be answered, else why not; 0 while it is not whole
}

var (
	crlf     = []byte("\r\n")
	headEnd  = []byte("\r\n\r\n")
	version1 = []byte(" HTTP/1.")
)

// parseRequest reads the first request in b, and how long it is. It takes GET and
// HEAD without a body only; what is wrong ends the connection.
func parseRequest(b []byte) (request, int) {
	end := bytes.Index(b, headEnd)
	if end < 0 {
		return request{}, 0
	}
	size := end + len(headEnd)
	line, headers, _ := bytes.Cut(b[:end], crlf)
	var r request
	switch {
	case bytes.HasPrefix(line, []byte("GET ")):
		line = line[4:]
	case bytes.HasPrefix(line, []byte("HEAD ")):
		line, r.head = line[5:], true
	default:
		return request{status: 405}, size
	}
	n := len(line) - len(version1) - 1
	if n < 1 || !bytes.HasPrefix(line[n:], version1) || bytes.ContainsFunc(line[:n], isControl) {
		return request{status: 400}, size
	}
	r.keep = line[len(line)-1] != '0'
	r.path, r.query, _ = bytes.Cut(withoutHost(line[:n]), []byte("?"))
	if r.status = r.readHeaders(headers); r.status != 200 {
		return request{status: r.status}, size
	}
	return r, size
}

// isControl reports whether a character may not be in a target.
func isControl(r rune) bool { return r <= ' ' || r == 0x7f }

// withoutHost cuts the part before the path off a target in absolute form.
func withoutHost(target []byte) []byte {
	if rest, ok := bytes.CutPrefix(target, []byte("http://")); ok {
		if i := bytes.IndexByte(rest, '/'); i >= 0 {
			return rest[i:]
		}
		return []byte("/")
	}
	return target
}

// readHeaders heeds what decides where the request ends and whether the connection
// does; it returns the status.
func (r *request) readHeaders(headers []byte) int {
	for len(headers) > 0 {
		var line []byte
		line, headers, _ = bytes.Cut(headers, crlf)
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok {
			return 400
		}
		value = bytes.TrimSpace(value)
		switch {
		case is(name, "connection") && is(value, "close"):
			r.keep = false
		case is(name, "connection") && is(value, "keep-alive"):
			r.keep = true
		case is(name, "transfer-encoding"), is(name, "content-length") && string(value) != "0":
			return 413
		}
	}
	return 200
}

// is reports whether b is the word, in any case of letters.
func is(b []byte, word string) bool {
	return len(b) == len(word) && bytes.EqualFold(b, []byte(word))
}

var reasons = map[int]string{
	200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed",
	413: "Content Too Large", 429: "Too Many Requests", 431: "Request Header Fields Too Large",
}

// appendHead appends the head of an answer with a body of so many bytes.
func appendHead(b []byte, r *request, body int) []byte {
	b = strconv.AppendInt(append(b, "HTTP/1.1 "...), int64(r.status), 10)
	b = append(append(b, ' '), reasons[r.status]...)
	b = append(b, "\r\nContent-Type: text/plain\r\nCache-Control: no-store\r\nContent-Length: "...)
	b = strconv.AppendInt(b, int64(body), 10)
	if r.keep {
		return append(b, "\r\nConnection: keep-alive\r\n\r\n"...)
	}
	return append(b, "\r\nConnection: close\r\n\r\n"...)
}
