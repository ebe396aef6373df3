package table

// textPanel is 32 float32 as text. The length of a text of more than 16 bytes,
// or of one that only AppendFloat32 writes, is 0.
type textPanel struct {
	text   [32][16]byte
	length [32]uint8
}

// write writes 32 numbers, several at a time where the machine can.
func (p *textPanel) write(in *[32]float32) {
	if hasAVX2() {
		writeTexts(p, in)
		return
	}
	var room [floatRoom]byte
	for i, f := range in {
		p.length[i] = 0
		if text := AppendFloat32(room[:0], f); len(text) <= len(p.text[i]) {
			p.length[i] = uint8(copy(p.text[i][:], text))
		}
	}
}

// append appends number i of the panel, which is f.
func (p *textPanel) append(dst []byte, i int, f float32) []byte {
	n, at := int(p.length[i]), len(dst)
	if n == 0 || at+16 > cap(dst) {
		return AppendFloat32(dst, f)
	}
	*(*[16]byte)(dst[at : at+16]) = p.text[i]
	return dst[:at+n]
}
