package swarm

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"piecewise/engine/internal/route"
)

// Download fetches what an http or https URL names, at most so many bytes. It goes by the
// route, which refuses this machine, local networks and redirects to them. It may wait for
// ctx.
func (c *Client) Download(ctx context.Context, url string, most int) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, fmt.Errorf("read address: %w", err)
	}
	req.Header.Set("User-Agent", Agent(c.cfg.Anonymous))
	client := c.route.HTTPClient(route.Metainfo)
	defer client.CloseIdleConnections()
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the server answers %s", resp.Status)
	}
	b, err := io.ReadAll(io.LimitReader(resp.Body, int64(most)+1))
	if err != nil {
		return nil, fmt.Errorf("read answer: %w", err)
	}
	if len(b) > most {
		return nil, fmt.Errorf("it is longer than %d bytes", most)
	}
	return b, nil
}
