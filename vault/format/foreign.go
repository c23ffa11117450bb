package format

import "math"

// Kinds of content that other programs keep on a storage.
const (
	ForeignFile   = "file"
	ForeignFolder = "folder"
	ForeignLink   = "link"
	ForeignOther  = "other" // not UnixFS
)

// Foreign says what a dag-pb block that something else wrote is the top of, and how many bytes lie below it as the block
// itself has it, which nobody has proved. Anything that cannot be read is ForeignOther.
func Foreign(block []byte) (kind string, size uint64) {
	var data []byte
	below := uint64(len(block))
	for b := block; len(b) > 0; {
		num, _, d, rest, err := field(b)
		if err != nil || len(block) > MaxBlockSize {
			return ForeignOther, uint64(len(block))
		}
		b = rest
		switch {
		case num == 1 && d != nil:
			data = d
		case num == 2 && d != nil:
			below = addSizes(below, linkTotal(d))
		}
	}
	typ, content := unixfsHead(data)
	switch typ {
	case 0, 2: // raw, file
		return ForeignFile, content
	case 1, 5: // directory, and one in parts
		return ForeignFolder, below
	case 4:
		return ForeignLink, uint64(len(block))
	}
	return ForeignOther, below
}

// linkTotal is a link's Tsize.
func linkTotal(b []byte) (total uint64) {
	for len(b) > 0 {
		num, v, d, rest, err := field(b)
		if err != nil {
			return 0
		}
		if b = rest; num == 3 && d == nil {
			total = v
		}
	}
	return total
}

// unixfsHead returns a node's UnixFS type and file size; noUnixFS when it has none.
func unixfsHead(b []byte) (typ, size uint64) {
	typ = noUnixFS
	var inline uint64
	sized := false
	for len(b) > 0 {
		num, v, d, rest, err := field(b)
		if err != nil {
			return noUnixFS, 0
		}
		b = rest
		switch {
		case num == 1 && d == nil:
			typ = v
		case num == 2 && d != nil:
			inline = uint64(len(d))
		case num == 3 && d == nil:
			size, sized = v, true
		}
	}
	if !sized {
		size = inline
	}
	return typ, min(size, math.MaxInt64)
}

const noUnixFS = math.MaxUint64

func addSizes(a, b uint64) uint64 {
	return min(a, math.MaxInt64) + min(b, math.MaxInt64-min(a, math.MaxInt64))
}
