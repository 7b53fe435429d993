// Package packaging holds what brings the program onto a computer: the scripts
// behind the Makefile and the files that a desktop wants. Its tests run them.
package packaging
