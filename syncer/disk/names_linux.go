package disk

import (
	"bytes"
	"encoding/binary"
	"errors"
	"sync"

	"golang.org/x/sys/unix"
)

// direntBufs are shared by all directories: most need a few hundred bytes, but a large one is read twice as fast with
// a large buffer.
var direntBufs = sync.Pool{New: func() any { b := make([]byte, 64<<10); return &b }}

// readNames reads directory entries with getdents64 until there are no more. The inode that it gives for free is why
// this is not os.File.Readdirnames.
func readNames(fd int) ([]dirent, error) {
	buf := direntBufs.Get().(*[]byte)
	defer direntBufs.Put(buf)
	var ents []dirent
	for {
		n, err := unix.Getdents(fd, *buf)
		if err == unix.EINTR {
			continue
		}
		if err != nil { // ENOENT: the directory itself was removed while it was open; that is not an empty one
			return nil, err
		}
		if n <= 0 {
			return ents, nil
		}
		if ents, err = parseDirents((*buf)[:n], ents); err != nil {
			return nil, err
		}
	}
}

// Where the fields of struct linux_dirent64 are; the name follows and ends with a zero byte.
const (
	direntInode  = 0
	direntLength = 16
	direntName   = 19
)

var errDirents = errors.New("directory entries do not parse")

// parseDirents appends the entries in buf, which the kernel or a user-space file system wrote.
func parseDirents(buf []byte, ents []dirent) ([]dirent, error) {
	for len(buf) > 0 {
		if len(buf) < direntName {
			return nil, errDirents
		}
		inode := binary.NativeEndian.Uint64(buf[direntInode:])
		length := int(binary.NativeEndian.Uint16(buf[direntLength:]))
		if length <= direntName || length > len(buf) {
			return nil, errDirents
		}
		raw := buf[direntName:length]
		buf = buf[length:]
		if end := bytes.IndexByte(raw, 0); end >= 0 {
			raw = raw[:end]
		}
		name := string(raw)
		if name == "." || name == ".." {
			continue
		}
		if checkElement(name) != nil {
			return nil, errDirents
		}
		ents = append(ents, dirent{name: name, inode: inode})
	}
	return ents, nil
}
