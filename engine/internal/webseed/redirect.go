package webseed

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	moved      = time.Hour   // a redirect for good is followed without asking
	movedNow   = time.Minute // and one for now, if it does not tell how long
	maxTargets = 1000        // files whose places are remembered
)

// target is where a web seed redirected us to for a file.
type target struct {
	url   string
	by    *http.Response // that did, by which the rules of redirects find who was before
	until time.Time
}

// targets are the redirects of a visit, so that not every range costs the way to all of
// them again.
type targets struct {
	mu     sync.Mutex
	places map[int]target
}

// of returns where a file is, nil if the web seed itself is to be asked.
func (t *targets) of(file int, now time.Time) *target {
	t.mu.Lock()
	defer t.mu.Unlock()
	if to, ok := t.places[file]; ok && now.Before(to.until) {
		return &to
	}
	return nil
}

func (t *targets) forget(file int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.places, file)
}

// learn remembers where an answer came from. What led on from a target is not
// remembered, but asked anew from the beginning.
func (t *targets) learn(file int, asked *http.Request, resp *http.Response, now time.Time) {
	switch {
	case resp.Request == asked || resp.Request == nil || resp.Request.Response == nil:
		return
	case asked.Response != nil:
		t.forget(file)
		return
	}
	keep := moved
	for at := resp.Request; at != nil && at.Response != nil; at = at.Response.Request {
		keep = min(keep, lasting(at.Response))
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if keep <= 0 || len(t.places) >= maxTargets {
		return
	}
	if t.places == nil {
		t.places = map[int]target{}
	}
	t.places[file] = target{resp.Request.URL.String(), resp.Request.Response, now.Add(keep)}
}

// lasting is how long a redirect counts (RFC 9110, 15.4; RFC 9111, 5.2.2).
func lasting(resp *http.Response) time.Duration {
	for said := range strings.SplitSeq(strings.ToLower(resp.Header.Get("Cache-Control")), ",") {
		said = strings.TrimSpace(said)
		if said == "no-store" || strings.HasPrefix(said, "no-cache") {
			return 0
		}
		if age, ok := strings.CutPrefix(said, "max-age="); ok {
			s, err := strconv.ParseUint(strings.Trim(age, `"`), 10, 31)
			if err != nil {
				return 0
			}
			return min(time.Duration(s)*time.Second, moved)
		}
	}
	if resp.StatusCode == http.StatusMovedPermanently || resp.StatusCode == http.StatusPermanentRedirect {
		return moved
	}
	return movedNow
}
