package table

import (
	"errors"
	"fmt"
	"path/filepath"
)

// Identify tells what a file holds and how it is compressed as a whole, by
// o.Format, its first bytes and its name, as Open would. It wants a regular
// file.
func Identify(path string, o ReadOptions) (f Format, compression string, err error) {
	in, err := openInput(path, o)
	if err != nil {
		return "", "", err
	}
	defer func() { err = in.fault(errors.Join(err, in.Close())) }()
	if in.file == nil {
		return "", "", fmt.Errorf("%w: it is no regular file", ErrUsage)
	}
	head, r, err := peek(in.stream())
	if err != nil {
		return "", "", err
	}
	name, claimed := splitExtensions(path)
	zip := sniffCompression(head, claimed)
	if zip != "" {
		z, err := decompress(r, zip)
		if err != nil {
			return "", "", err
		}
		defer z.Close()
		if head, _, err = peek(z); err != nil {
			return "", "", err
		}
	}
	return chooseFormat(o.Format, head, name), zip, nil
}

// OutputName is the name of the output that format f gives for an input of a
// name: its ending changes where it tells another format, and so does that of
// the compression.
func OutputName(input string, f Format, compression string) string {
	name, zip := splitExtensions(filepath.Base(input))
	if byName := extensionOf(name); byName == f && zip == compression {
		return filepath.Base(input)
	} else if byName != "" && byName != f {
		name = name[:len(name)-len(filepath.Ext(name))]
	}
	if extensionOf(name) != f {
		name += "." + string(f)
	}
	if compression != "" {
		name += "." + compression
	}
	return name
}
