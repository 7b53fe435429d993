package store

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
)

const (
	dhtName = "dht"
	maxDHT  = 64 << 10 // bytes of the file that are read
)

// DHT returns the nodes of the DHT that were saved last, nil without any. They may be
// damaged. It reads a file.
func (s *Store) DHT() []byte {
	f, err := os.Open(filepath.Join(s.profile, dhtName))
	if err != nil {
		return nil
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxDHT+1))
	if err != nil || len(b) > maxDHT {
		return nil
	}
	return b
}

// PutDHT saves the nodes of the DHT.
func (s *Store) PutDHT(b []byte) error {
	if err := replace(filepath.Join(s.profile, dhtName), b); err != nil {
		return fmt.Errorf("save DHT nodes: %w", err)
	}
	return nil
}
