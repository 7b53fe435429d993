package engine

import (
	"fmt"
	"slices"
)

// EncryptionPolicy is what encryption peer connections have (message stream
// encryption).
type EncryptionPolicy uint8

// The encryption policies.
const (
	EncryptionDefault EncryptionPolicy = iota // in Config: as the settings say; in Settings: EncryptionAllow
	EncryptionAllow                           // plaintext first, encrypted if a peer wants it
	EncryptionOff                             // plaintext only
	EncryptionPrefer                          // encrypted first, plaintext if a peer cannot
	EncryptionRequire                         // encrypted only
)

var policies = [...]string{"default", "allow", "off", "prefer", "require"}

// String returns the policy as one lower-case word, as the settings have it.
func (p EncryptionPolicy) String() string {
	if int(p) < len(policies) {
		return policies[p]
	}
	return policies[EncryptionDefault]
}

// MarshalText returns String.
func (p EncryptionPolicy) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads what String returns.
func (p *EncryptionPolicy) UnmarshalText(text []byte) error {
	i := slices.Index(policies[:], string(text))
	if i < 0 {
		return fmt.Errorf("%q is not an encryption policy", text)
	}
	*p = EncryptionPolicy(i)
	return nil
}
