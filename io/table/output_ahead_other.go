//go:build !linux

package table

// StartSync implements File: nothing is begun, Sync does it all.
func (f osFile) StartSync(from, n int64) {}
