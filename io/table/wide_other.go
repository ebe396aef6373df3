//go:build !amd64 || noasm

package table

func hasAVX2() bool { return false }

func readCells(*cellRun) {}

func writeTexts(*textPanel, *[32]float32) {}
