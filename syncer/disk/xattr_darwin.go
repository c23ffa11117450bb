package disk

import "golang.org/x/sys/unix"

const (
	errNoAttr = unix.ENOATTR

	// macOS keeps access control lists elsewhere; these exist so that what Linux recorded is known for what it is.
	aclAccess  = "system.posix_acl_access"
	aclDefault = "system.posix_acl_default"
	capability = "security.capability"
)

func keptXattr(string) bool { return true }

// Xattrs returns the extended attributes of the entry name of kind k, sorted by name, without following it. nil when
// there are none or the file system has none. With an error there may be attributes too: the readable ones.
func (d *Dir) Xattrs(name string, k Kind) ([]Xattr, error) {
	if err := checkElement(name); err != nil {
		return nil, err
	}
	switch k {
	case File, Directory:
		return d.openedXattrs(name, unix.O_NOFOLLOW)
	case Symlink:
		return d.openedXattrs(name, unix.O_SYMLINK)
	}
	return nil, nil
}
