//go:build amd64 && !noasm

package kernel

import "golang.org/x/sys/cpu"

// fast names the assembly sets that run here, best first.
func fast() []string {
	var names []string
	if !cpu.X86.HasAVX2 || !cpu.X86.HasFMA {
		return nil
	}
	if cpu.X86.HasAVX512F && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VL {
		names = append(names, "avx512")
	}
	return append(names, "avx2")
}

// improve puts the assembly loops of the set called name in place of the
// generic ones.
func improve(s *Set[float32], name string) {
	switch name {
	case "avx512":
		s.Block, s.Dense = atMost(len(denseAVX512)-1), runAVX512
		s.Activate, s.Encode = activationsAVX512.activate, encodeAVX512
		s.Outer, s.Slope, s.Adam = outersAVX512.product, slopesAVX512.chain, adamBy(adamAVX512)
		s.Share, s.Penalise = shareBy(shareFirstAVX512, shareMoreAVX512), penaliseFast
		s.SetRows, s.SetColumns, s.Spread = rowsFast, columnsFast, spreadFast
		s.Path, s.Tally = pathFast(true), tallyFast
	case "avx2":
		s.Block, s.Dense = limitAVX2, runAVX2
		s.Activate, s.Encode = activationsAVX2.activate, encodeAVX2
		s.Outer, s.Slope, s.Adam = outersAVX2.product, slopesAVX2.chain, adamBy(adamAVX2)
		s.Share, s.Penalise = shareBy(shareFirstAVX2, shareMoreAVX2), penaliseFast
		s.SetRows, s.SetColumns, s.Spread = rowsFast, columnsFast, spreadFast
		s.Path, s.Tally = pathFast(false), tallyFast
	}
}

// improve64 is improve for float64, where only the products and Adam have
// loops of their own.
func improve64(s *Set[float64], name string) {
	switch name {
	case "avx512":
		s.Block, s.Dense = atMost(len(dense64AVX512)-1), run64AVX512
		s.Outer, s.Adam = outers64AVX512.product, adamBy(adamAVX512)
		s.Penalise = penaliseFast
	case "avx2":
		s.Block, s.Dense = atMost(len(dense64AVX2)-1), run64AVX2
		s.Outer, s.Adam = outers64AVX2.product, adamBy(adamAVX2)
		s.Penalise = penaliseFast
	}
}
