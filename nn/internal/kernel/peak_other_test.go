//go:build !amd64 || noasm

package kernel

// peak is not known without the loops that measure it.
func peak(string) float64 { return 0 }
