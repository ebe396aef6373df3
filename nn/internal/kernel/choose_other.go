//go:build !amd64 || noasm

package kernel

// fast names the sets beside the generic one that run here.
func fast() []string { return nil }

// improve puts the loops of the set called name in place of the generic ones.
func improve(*Set[float32], string) {}

// improve64 is improve for float64.
func improve64(*Set[float64], string) {}
