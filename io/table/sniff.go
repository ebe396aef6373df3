package table

import (
	"bytes"
	"io"
	"path/filepath"
	"strings"
)

// Ways a file can be compressed as a whole, by the ending of its name.
const (
	zipGzip = "gz"
	zipZstd = "zst"
)

var extensions = map[string]Format{
	".csv": CSV, ".txt": CSV, ".tsv": TSV, ".tab": TSV,
	".ndjson": NDJSON, ".jsonl": NDJSON,
	".parquet": Parquet,
	".arrow":   Arrow, ".feather": Arrow, ".arrows": ArrowStream,
}

// FormatOf tells by its name what a file holds: "a.csv.gz" is CSV and "gz",
// "a.parquet" is Parquet and "". ok is false where the extension is none of
// the known ones; the compression is told all the same.
func FormatOf(path string) (f Format, compression string, ok bool) {
	name, compression := splitExtensions(path)
	f = extensionOf(name)
	return f, compression, f != ""
}

// splitExtensions takes the ending that tells the compression off a name.
func splitExtensions(path string) (name, compression string) {
	ext := filepath.Ext(path)
	switch c := strings.ToLower(strings.TrimPrefix(ext, ".")); c {
	case zipGzip, zipZstd:
		return strings.TrimSuffix(path, ext), c
	}
	return path, ""
}

// extensionOf is the format that the extension of a name without compression
// tells, or "".
func extensionOf(name string) Format { return extensions[strings.ToLower(filepath.Ext(name))] }

// zips reports whether files of the format may be compressed as a whole. Those
// that are read at any offset may not.
func (f Format) zips() bool { return f.Text() || f == ArrowStream }

// First bytes, as the formats' specifications give them: Parquet and Arrow
// files start with their magic, an Arrow stream with the continuation marker
// of its first message (0xFFFFFFFF), gzip members by RFC 1952, zstd frames
// and skippable frames by RFC 8878.
var (
	magicParquet = []byte("PAR1")
	magicArrow   = []byte("ARROW1")
	magicStream  = []byte{0xff, 0xff, 0xff, 0xff}
	magicGzip    = []byte{0x1f, 0x8b}
	magicZstd    = []byte{0x28, 0xb5, 0x2f, 0xfd}
	magicSkip    = []byte{0x2a, 0x4d, 0x18}
)

// peek reads the first bytes of r and gives them with a reader of the whole.
func peek(r io.Reader) (head []byte, whole io.Reader, err error) {
	head = make([]byte, 8)
	n, err := io.ReadFull(r, head)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		err = nil
	}
	head = head[:n]
	return head, io.MultiReader(bytes.NewReader(head), r), err
}

// sniffCompression tells by the first bytes how a file is compressed, if it is.
// A file that is too short to tell is what its name claims.
func sniffCompression(head []byte, claimed string) string {
	switch {
	case bytes.HasPrefix(head, magicGzip):
		return zipGzip
	case bytes.HasPrefix(head, magicZstd):
		return zipZstd
	case len(head) >= 4 && head[0]&0xf0 == 0x50 && bytes.Equal(head[1:4], magicSkip):
		return zipZstd
	case claimed == zipGzip && len(head) > 0 && bytes.HasPrefix(magicGzip, head):
		return zipGzip
	case claimed == zipZstd && len(head) > 0 && bytes.HasPrefix(magicZstd, head):
		return zipZstd
	}
	return ""
}

// sniffFormat tells a binary format by its first bytes, or "".
func sniffFormat(head []byte) Format {
	switch {
	case bytes.HasPrefix(head, magicParquet):
		return Parquet
	case bytes.HasPrefix(head, magicArrow):
		return Arrow
	case bytes.HasPrefix(head, magicStream):
		return ArrowStream
	}
	return ""
}

// chooseFormat is the forced format, else what the first bytes show, else what
// the name (without the ending for compression) says, else CSV.
func chooseFormat(forced Format, head []byte, name string) Format {
	for _, f := range []Format{forced, sniffFormat(head), extensionOf(name)} {
		if f != "" {
			return f
		}
	}
	return CSV
}
