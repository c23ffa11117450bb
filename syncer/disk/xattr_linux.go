package disk

import (
	"strings"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	errNoAttr = unix.ENODATA

	aclAccess  = "system.posix_acl_access"
	aclDefault = "system.posix_acl_default"
	capability = "security.capability"
)

// keptXattr leaves out what belongs to this installation (SELinux labels are its policy's to give) and the
// attributes through which file systems show their own state.
func keptXattr(name string) bool {
	if strings.HasPrefix(name, "system.") {
		return name == aclAccess || name == aclDefault
	}
	return name != "security.selinux"
}

// Xattrs returns the extended attributes of the entry name of kind k, sorted by name, without following it. nil when
// there are none or the file system has none. With an error there may be attributes too: the readable ones.
func (d *Dir) Xattrs(name string, k Kind) ([]Xattr, error) {
	if err := checkElement(name); err != nil {
		return nil, err
	}
	if k == Other {
		return nil, nil
	}
	var buf [256]byte
	n, err := d.listXattrs(name, buf[:])
	switch {
	case err == nil && n == 0:
		return nil, nil
	case isUnsupported(err):
		return nil, nil
	case err == unix.ENOENT && k != Symlink:
		// Gone, or there is no /proc; a link cannot be opened, and has no attributes unless root gave it some.
		return d.openedXattrs(name, unix.O_NOFOLLOW)
	case err != nil && err != unix.ERANGE:
		return nil, fail("list attributes of", name, err)
	}
	get := func(attr string, buf []byte) (int, error) { return unix.Lgetxattr(d.proc+name, attr, buf) }
	if err == nil {
		return readXattrs(name, buf[:n], get)
	}
	return collectXattrs(name, func(buf []byte) (int, error) { return d.listXattrs(name, buf) }, get)
}

// noListxattrat is set once the kernel has said that it is older than 6.13, or a container that it may not be asked.
var noListxattrat atomic.Bool

// listXattrs lists the attribute names of the entry name, without following it, in one call: most files have none,
// and opening each to be told so takes three.
func (d *Dir) listXattrs(name string, buf []byte) (int, error) {
	if !noListxattrat.Load() {
		n, err := listxattrat(d.fd, name, buf)
		if err != unix.ENOSYS && err != unix.EPERM {
			return n, err
		}
		noListxattrat.Store(true)
	}
	// The path through /proc leads to exactly this directory, though it takes the kernel three times as long, and the
	// l in llistxattr keeps it from following the name.
	return unix.Llistxattr(d.proc+name, buf)
}

func listxattrat(dirfd int, name string, buf []byte) (int, error) {
	p, err := unix.BytePtrFromString(name)
	if err != nil {
		return 0, err
	}
	var list unsafe.Pointer
	if len(buf) > 0 {
		list = unsafe.Pointer(&buf[0])
	}
	n, _, errno := unix.Syscall6(unix.SYS_LISTXATTRAT, uintptr(dirfd), uintptr(unsafe.Pointer(p)),
		unix.AT_SYMLINK_NOFOLLOW, uintptr(list), uintptr(len(buf)), 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}
