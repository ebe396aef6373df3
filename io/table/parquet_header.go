package table

import (
	"encoding/binary"
	"errors"
)

// pageHeader is what is needed of the struct PageHeader of the Parquet format
// (parquet.thrift) to find pages and decode them.
type pageHeader struct {
	kind         int64 // pageData, pageDictionary, pageDataV2 or another
	plain        int64 // bytes of the page decompressed
	packed       int64 // bytes of it in the file
	crc          uint32
	checked      bool  // crc is set
	values       int64 // nulls counted too
	encoding     int64
	levels       int64 // encoding of the definition levels, first version
	levelBytes   int64 // of the definition levels, second version
	repeatBytes  int64 // of the repetition levels, second version
	uncompressed bool  // of the values, second version
	size         int   // of the header itself
}

// Kinds of pages and encodings that are read here.
const (
	pageData       = 0
	pageDictionary = 2
	pageDataV2     = 3

	encodingPlain           = 0
	encodingPlainDictionary = 2
	encodingRLE             = 3
	encodingRLEDictionary   = 8
)

var errShortHeader = errors.New("a page header is cut off")

// readPageHeader reads the header that b starts with.
func readPageHeader(b []byte) (h pageHeader, err error) {
	r := thriftReader{b: b}
	err = r.fields(func(id int, kind byte) error {
		switch {
		case id == 1 && isInt(kind):
			h.kind = r.int()
		case id == 2 && isInt(kind):
			h.plain = r.int()
		case id == 3 && isInt(kind):
			h.packed = r.int()
		case id == 4 && isInt(kind):
			h.crc, h.checked = uint32(r.int()), true
		case (id == 5 || id == 7) && kind == thriftStruct:
			return r.fields(h.dataField(&r))
		case id == 8 && kind == thriftStruct:
			return r.fields(h.dataV2Field(&r))
		default:
			return r.skip(kind)
		}
		return nil
	})
	if err == nil && r.short {
		err = errShortHeader
	}
	h.size = r.at
	return h, err
}

// dataField reads a field of DataPageHeader or DictionaryPageHeader, whose
// first two are alike.
func (h *pageHeader) dataField(r *thriftReader) func(id int, kind byte) error {
	return func(id int, kind byte) error {
		switch {
		case id == 1 && isInt(kind):
			h.values = r.int()
		case id == 2 && isInt(kind):
			h.encoding = r.int()
		case id == 3 && isInt(kind):
			h.levels = r.int()
		default:
			return r.skip(kind)
		}
		return nil
	}
}

// dataV2Field reads a field of DataPageHeaderV2.
func (h *pageHeader) dataV2Field(r *thriftReader) func(id int, kind byte) error {
	return func(id int, kind byte) error {
		switch {
		case id == 1 && isInt(kind):
			h.values = r.int()
		case id == 4 && isInt(kind):
			h.encoding = r.int()
		case id == 5 && isInt(kind):
			h.levelBytes = r.int()
		case id == 6 && isInt(kind):
			h.repeatBytes = r.int()
		case id == 7:
			h.uncompressed = kind == thriftFalse
		default:
			return r.skip(kind)
		}
		return nil
	}
}

// Types of Thrift's compact protocol.
const (
	thriftTrue   = 1
	thriftFalse  = 2
	thriftByte   = 3
	thriftI16    = 4
	thriftI32    = 5
	thriftI64    = 6
	thriftDouble = 7
	thriftBinary = 8
	thriftList   = 9
	thriftSet    = 10
	thriftStruct = 12
)

func isInt(kind byte) bool { return kind >= thriftI16 && kind <= thriftI64 }

// thriftReader reads Thrift's compact protocol. Reading past the end gives
// zeros and sets short.
type thriftReader struct {
	b     []byte
	at    int
	depth int
	short bool
}

var errBadHeader = errors.New("a page header is damaged")

// fields reads a struct, calling f for each field to read or skip its value.
func (r *thriftReader) fields(f func(id int, kind byte) error) error {
	if r.depth++; r.depth > 16 {
		return errBadHeader
	}
	defer func() { r.depth-- }()
	id := 0
	for {
		head := r.byte()
		if head == 0 {
			return nil
		}
		if delta := int(head >> 4); delta > 0 {
			id += delta
		} else {
			id = int(r.int())
		}
		if err := f(id, head&15); err != nil {
			return err
		}
		if r.short {
			return errShortHeader
		}
	}
}

func (r *thriftReader) byte() byte {
	if r.at >= len(r.b) {
		r.short = true
		return 0
	}
	r.at++
	return r.b[r.at-1]
}

func (r *thriftReader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b[min(r.at, len(r.b)):])
	if n <= 0 {
		r.short = true
		return 0
	}
	r.at += n
	return v
}

// int reads a zigzag integer.
func (r *thriftReader) int() int64 {
	v := r.uvarint()
	return int64(v>>1) ^ -int64(v&1)
}

func (r *thriftReader) advance(n uint64) {
	if n > uint64(len(r.b)-min(r.at, len(r.b))) {
		r.short = true
		return
	}
	r.at += int(n)
}

// skip passes over a value.
func (r *thriftReader) skip(kind byte) error {
	switch kind {
	case thriftTrue, thriftFalse:
	case thriftByte:
		r.advance(1)
	case thriftDouble:
		r.advance(8)
	case thriftBinary:
		r.advance(r.uvarint())
	case thriftList, thriftSet:
		return r.skipList()
	case thriftStruct:
		return r.fields(func(_ int, kind byte) error { return r.skip(kind) })
	default:
		if !isInt(kind) {
			return errBadHeader // maps too: page headers have none
		}
		r.uvarint()
	}
	return nil
}

func (r *thriftReader) skipList() error {
	if r.depth++; r.depth > 16 {
		return errBadHeader
	}
	defer func() { r.depth-- }()
	head := r.byte()
	n := uint64(head >> 4)
	if n == 15 {
		n = r.uvarint()
	}
	for ; n > 0 && !r.short; n-- {
		if kind := head & 15; kind == thriftTrue || kind == thriftFalse {
			r.advance(1)
		} else if err := r.skip(kind); err != nil {
			return err
		}
	}
	return nil
}
