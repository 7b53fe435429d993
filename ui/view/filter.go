package view

import (
	"fmt"
	"strings"

	"piecewise/engine"
	"piecewise/ui/format"
)

// Filter tells in sentences how the filter of addresses is.
func Filter(f engine.FilterState) string {
	var said []string
	switch {
	case f.Loading:
		said = append(said, "The list is being read.")
	case !f.On:
		said = append(said, "The filter is off.")
	default:
		said = append(said, fmt.Sprintf("%s refuse %s, read %s.", format.Plural(f.Rules, "line", "lines"),
			format.Plural(f.Ranges, "range of addresses", "ranges of addresses"), format.Moment(f.Loaded)))
	}
	if f.Refused > 0 {
		said = append(said, format.Plural(f.Refused, "address was", "addresses were")+" refused since the start.")
	}
	if f.Bad > 0 {
		said = append(said, fmt.Sprintf("%s not be read; the first is %s.", format.Plural(f.Bad, "line could", "lines could"), format.Text(f.FirstBad)))
	}
	if f.Err != "" {
		said = append(said, format.Text(f.Err))
	}
	return strings.Join(said, " ")
}
