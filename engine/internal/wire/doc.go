// Package wire is every peer connection: sockets, encryption and framing.
package wire
