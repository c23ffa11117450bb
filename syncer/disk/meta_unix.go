//go:build linux || darwin

package disk

import (
	"encoding/binary"
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// SetDirMeta gives the directory its recorded metadata, by descriptor. Call it last, after the children: they would
// change its time, and it may make the directory read-only. Content is not at stake: what was not accepted is a
// [*MetaWarning].
func (d *Dir) SetDirMeta(m Meta) error {
	if d.fd < 0 {
		return fail("set metadata of folder", ".", os.ErrClosed)
	}
	if len(m.Xattrs) > 0 {
		// An attribute needs what a file in the directory would need.
		d.relax()
	}
	var w MetaWarning
	err := applyMeta(d.fd, m, &w, func(ts []unix.Timespec) error { return setTimes(d.fd, unix.AT_FDCWD, "", ts) })
	d.mu.Lock()
	if err == nil {
		d.relaxed = false
	}
	d.mu.Unlock()
	return w.orNil()
}

// applyMeta sets m on the open file or directory fd, and adds to w what was not accepted. Only the error of the mode is
// returned as well.
//
// The order matters: a new owner takes setuid and capabilities away; user attributes need the write permission that
// the mode may take away; an access control list and the mode share bits, of which the mode has the last word.
func applyMeta(fd int, m Meta, w *MetaWarning, setTimes func([]unix.Timespec) error) error {
	if m.HasOwner && os.Geteuid() == 0 {
		w.add("owner", unix.Fchown(fd, int(m.UID), int(m.GID)))
	}
	mode := m.Mode & 0o7777
	sameUser, sameGroup := false, false
	if m.HasOwner && (mode&0o6000 != 0 || len(m.Xattrs) > 0) {
		var st unix.Stat_t
		if err := fstat(fd, &st); err == nil {
			sameUser = st.Uid == m.UID
			sameGroup = sameUser && st.Gid == m.GID
		}
	}
	mode &= setXattrs(fd, m.Xattrs, sameUser, w)
	// A program that runs as its owner must not run as somebody else; restoring as root would make it root's.
	safe := mode
	if !sameUser {
		safe &^= unix.S_ISUID
	}
	if !sameGroup {
		safe &^= unix.S_ISGID
	}
	if safe != mode {
		w.add("setuid", errOtherOwner)
	}
	if ts, err := timespecs(m); err != nil {
		w.add("mtime", err)
	} else {
		w.add("mtime", setTimes(ts))
	}
	err := unix.Fchmod(fd, safe)
	w.add("mode", err)
	return err
}

// setXattrs sets the attributes, access control lists last, and returns which bits of the mode still mean what they
// did: without its list, a file's group bits are the most that anyone named in the list may do.
func setXattrs(fd int, xattrs []Xattr, sameOwner bool, w *MetaWarning) (modeMask uint32) {
	modeMask = 0o7777
	for _, acl := range []bool{false, true} {
		for _, x := range xattrs {
			if isACL(x.Name) != acl {
				continue
			}
			err := setXattr(fd, x, sameOwner)
			w.add(x.Name, err)
			if err != nil && x.Name == aclAccess {
				modeMask = ^uint32(0o070) & 0o7777 & modeMask
				modeMask |= aclGroupBits(x.Value)
			}
		}
	}
	return modeMask
}

func setXattr(fd int, x Xattr, sameOwner bool) error {
	if !keptXattr(x.Name) {
		return unix.ENOTSUP
	}
	// These give rights, to whoever has a number here, over what belongs to whoever owns the file here.
	if (isACL(x.Name) || x.Name == capability) && !sameOwner {
		return errOtherOwner
	}
	return unix.Fsetxattr(fd, x.Name, x.Value, 0)
}

func isACL(name string) bool { return name == aclAccess || name == aclDefault }

// aclGroupBits returns what a POSIX access control list allows the owning group, as the group bits of a mode; nothing
// when the list does not parse. Its form is the kernel's: version 2 (32 bits), then entries of tag, permissions
// (16 bits each) and id (32 bits), little-endian.
func aclGroupBits(acl []byte) uint32 {
	const (
		version  = 2
		groupObj = 0x04
	)
	if len(acl) < 4 || binary.LittleEndian.Uint32(acl) != version {
		return 0
	}
	for acl = acl[4:]; len(acl) >= 8; acl = acl[8:] {
		if binary.LittleEndian.Uint16(acl) == groupObj {
			return uint32(binary.LittleEndian.Uint16(acl[2:])&7) << 3
		}
	}
	return 0
}

// timespecs is what utimensat takes: the access time left alone, the modification time of m.
func timespecs(m Meta) ([]unix.Timespec, error) {
	mtime, err := unix.TimeToTimespec(time.Unix(m.MTimeSec, int64(m.MTimeNsec)))
	if err != nil {
		return nil, err
	}
	return []unix.Timespec{{Nsec: utimeOmit}, mtime}, nil
}

// hasDefaultACL tells whether entries made in d get access rights of their own from it. It asks once.
func (d *Dir) hasDefaultACL() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.defaultACL == unknown {
		d.defaultACL = no
		if _, err := unix.Fgetxattr(d.fd, aclDefault, nil); err == nil {
			d.defaultACL = yes
		}
	}
	return d.defaultACL == yes
}

// dropInheritedACL takes away the rights that a new entry got from its directory: those it had are recorded. The
// entry is private until its mode is set, and the mode limits what stays if this fails.
func dropInheritedACL(fd int) {
	for _, name := range []string{aclAccess, aclDefault} {
		if err := unix.Fremovexattr(fd, name); errors.Is(err, unix.ENOTSUP) {
			return
		}
	}
}
