//go:build amd64 && !noasm

package table

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

// The generated loop knows these by their offsets; a change makes a constant
// overflow.
const (
	_ = -(unsafe.Sizeof(cellRun{}) ^ 176)
	_ = -(unsafe.Offsetof(cellRun{}.delims) ^ 112)
	_ = -(unsafe.Sizeof(fastColumn{}) ^ 48)
	_ = -(unsafe.Offsetof(fastColumn{}.valid) ^ 8)
	_ = -(unsafe.Offsetof(fastColumn{}.slot) ^ 16)
	_ = -(unsafe.Offsetof(fastColumn{}.kind) ^ 24)
	_ = -(unsafe.Offsetof(fastColumn{}.run) ^ 40)
)

// hasAVX2 says whether the machine has what the generated loops need.
func hasAVX2() bool {
	return cpu.X86.HasAVX2 && cpu.X86.HasBMI1 && cpu.X86.HasBMI2 && cpu.X86.HasPOPCNT
}

// readCells is the loop of cellRun.
func readCells(j *cellRun) { cellsAVX2((*[22]uint64)(unsafe.Pointer(j))) }

// writeTexts is textPanel.write.
func writeTexts(p *textPanel, in *[32]float32) { floatsAVX2(&p.text, &p.length, in) }
