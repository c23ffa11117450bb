//go:build unix

package disk

import (
	"os"

	"golang.org/x/sys/unix"
)

// SelfXattrs returns the extended attributes of the directory itself.
func (d *Dir) SelfXattrs() ([]Xattr, error) { return fdXattrs(d.fd, ".") }

// StatFile says how an open file looks now; its Name is empty.
func StatFile(f *os.File) (e Entry, err error) {
	var st unix.Stat_t
	if err := fstat(int(f.Fd()), &st); err != nil {
		return e, fail("look at", f.Name(), err)
	}
	fill(&e, "", &st)
	return e, nil
}
