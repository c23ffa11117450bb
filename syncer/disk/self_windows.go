package disk

import "os"

// SelfXattrs returns nothing: Windows has no extended attributes in this sense.
func (d *Dir) SelfXattrs() ([]Xattr, error) { return nil, nil }

// StatFile says how an open file looks now; its Name is empty.
func StatFile(f *os.File) (Entry, error) {
	fi, err := f.Stat()
	if err != nil {
		return Entry{}, fail("look at", f.Name(), err)
	}
	e := entryOf(fi.Name(), fi)
	e.Name = ""
	return e, nil
}
