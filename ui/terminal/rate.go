package terminal

import (
	"fmt"
	"strings"

	"github.com/dustin/go-humanize"
)

const (
	minRate = 1_000             // bytes/s; less is a unit that was forgotten
	maxRate = 1_000_000_000_000 // bytes/s
)

// rate is a limit in bytes/s; 0 is none.
type rate int64

// UnmarshalText reads "2MiB", "500kB" or plain bytes, each with or without "/s".
func (r *rate) UnmarshalText(text []byte) error {
	n, err := humanize.ParseBytes(strings.TrimSuffix(string(text), "/s"))
	if err != nil {
		return fmt.Errorf("%q is not a rate such as 2MiB or 500kB", text)
	}
	if n < minRate || n > maxRate {
		return fmt.Errorf("%q is not between 1kB and 1TB a second", text)
	}
	*r = rate(n)
	return nil
}
