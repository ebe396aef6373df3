package table

import (
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
)

// copyBits copies an array's null bitmap, the bits behind its end zero.
func copyBits(dst []byte, a arrow.Array) {
	clear(dst)
	bitutil.CopyBitmap(a.NullBitmapBytes(), a.Data().Offset(), a.Len(), dst, 0)
}

// zeroNulls sets what stands under nulls to zero, in an array whose buffers
// nobody else has: readers leave there whatever their memory held.
func zeroNulls(d arrow.ArrayData) {
	for _, c := range d.Children() {
		zeroNulls(c)
	}
	t, ok := d.DataType().(arrow.FixedWidthDataType)
	if !ok || d.NullN() == 0 || len(d.Buffers()) < 2 || d.Buffers()[0] == nil || d.Buffers()[1] == nil {
		return
	}
	valid, values, width := d.Buffers()[0].Bytes(), d.Buffers()[1].Bytes(), t.BitWidth()
	for i := d.Offset(); i < d.Offset()+d.Len(); i++ {
		switch {
		case bitutil.BitIsSet(valid, i):
		case width == 1:
			bitutil.ClearBit(values, i)
		default:
			clear(values[i*width/8 : (i+1)*width/8])
		}
	}
}
