//go:build ci

package main

// hasDisplay is false in a build without OpenGL, whose windows nobody can see.
func hasDisplay() bool { return false }
