//go:build linux || darwin

package disk

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// FileXattrs returns the extended attributes of an open file, as [Dir.Xattrs] does.
func FileXattrs(f *os.File) ([]Xattr, error) {
	return fdXattrs(int(f.Fd()), f.Name())
}

func fdXattrs(fd int, name string) ([]Xattr, error) {
	return collectXattrs(name,
		func(buf []byte) (int, error) { return unix.Flistxattr(fd, buf) },
		func(attr string, buf []byte) (int, error) { return unix.Fgetxattr(fd, attr, buf) })
}

// openedXattrs reads the attributes of an entry that has to be opened for that: 3 calls instead of one.
func (d *Dir) openedXattrs(name string, flags int) ([]Xattr, error) {
	fd, err := openat(d.fd, name, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC|flags, 0)
	if err != nil {
		return nil, fail("list attributes of", name, err)
	}
	defer unix.Close(fd)
	return fdXattrs(fd, name)
}

// collectXattrs reads all attributes that are ours to keep, sorted by name. list and get are the system's calls for
// one file; both return the size they need when the buffer has none.
func collectXattrs(name string, list func([]byte) (int, error), get func(string, []byte) (int, error)) ([]Xattr, error) {
	names, err := growing(list)
	if err != nil {
		if isUnsupported(err) {
			return nil, nil
		}
		return nil, fail("list attributes of", name, err)
	}
	return readXattrs(name, names, get)
}

// readXattrs reads the values of the attributes in names, a list with a zero byte after each.
func readXattrs(name string, names []byte, get func(string, []byte) (int, error)) ([]Xattr, error) {
	var xattrs []Xattr
	var failed error
	for raw := range bytes.SplitSeq(names, []byte{0}) {
		attr := string(raw)
		if attr == "" || !keptXattr(attr) {
			continue
		}
		value, err := growing(func(buf []byte) (int, error) { return get(attr, buf) })
		if errors.Is(err, unix.ENODATA) || errors.Is(err, errNoAttr) { // gone meanwhile
			continue
		}
		if err != nil {
			failed = errors.Join(failed, fail("read attribute "+attr+" of", name, err))
			continue
		}
		xattrs = append(xattrs, Xattr{Name: attr, Value: value})
	}
	slices.SortFunc(xattrs, func(a, b Xattr) int { return strings.Compare(a.Name, b.Name) })
	return xattrs, failed
}

// growing calls get with a buffer that is large enough, also when what it reads grows in between.
func growing(get func([]byte) (int, error)) ([]byte, error) {
	size := 256
	for range 16 {
		buf := make([]byte, size)
		n, err := get(buf)
		if err == nil {
			return buf[:n:n], nil
		}
		if !errors.Is(err, unix.ERANGE) {
			return nil, err
		}
		if n, err = get(nil); err != nil {
			return nil, err
		}
		size = n + n/8 + 1
	}
	return nil, fmt.Errorf("attributes keep growing: %w", unix.ERANGE)
}
