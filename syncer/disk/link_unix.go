//go:build linux || darwin

package disk

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// linkTries: a sweep by another process may take away a link that has no lock to show it is in use.
const linkTries = 4

// Symlink makes the link name with its metadata; target is stored as it is and may lead anywhere, or nowhere. What
// has the name is treated, and a [*MetaWarning] means, as in [TempFile.Commit]. The mode of a link is the system's.
// It is on disk for good after [Dir.SyncFS].
func (d *Dir) Symlink(target, name string, m Meta, replace bool) error {
	if err := CheckName(name); err != nil {
		return err
	}
	var w MetaWarning
	err := d.viaTemp(func(temp string) error {
		w = MetaWarning{}
		if err := unix.Symlinkat(target, d.fd, temp); err != nil {
			return err
		}
		d.applyLinkMeta(temp, m, &w)
		return nil
	}, func(temp string) error { return d.place(temp, name, replace) })
	if err != nil {
		return fail("make link", name, err)
	}
	return w.orNil()
}

// Link gives the file fromName in from the second name name in d, following no link. What has the name is treated as
// in [TempFile.Commit]. [ErrNoHardLink] means that the content has to be copied. On disk for good after [Dir.SyncFS].
func (d *Dir) Link(from *Dir, fromName, name string, replace bool) error {
	if err := checkElement(fromName); err != nil {
		return err
	}
	if err := CheckName(name); err != nil {
		return err
	}
	link := func(name string) error {
		return unix.Linkat(from.fd, fromName, d.fd, name, 0)
	}
	var err error
	if replace {
		err = d.viaTemp(link, func(temp string) error {
			if err := d.place(temp, name, true); err != nil {
				return err
			}
			// Renaming a file over itself does nothing, and leaves both names.
			if err := unix.Unlinkat(d.fd, temp, 0); err != nil && !errors.Is(err, unix.ENOENT) {
				return err
			}
			return nil
		})
	} else {
		err = d.relaxing(func() error { return link(name) })
	}
	switch {
	case err == nil:
		return nil
	case !replace && errors.Is(err, unix.EEXIST):
		return failAs("link", name, ErrExists, err)
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EXDEV), errors.Is(err, unix.EMLINK), isUnsupported(err):
		return failAs("link", name, ErrNoHardLink, err)
	}
	return fail("link", name, err)
}

// viaTemp makes something under a temporary name and puts it in place.
func (d *Dir) viaTemp(create, place func(temp string) error) error {
	var err error
	for range linkTries {
		temp := tempName()
		if err = d.relaxing(func() error { return create(temp) }); err != nil {
			if errors.Is(err, unix.EEXIST) {
				continue
			}
			return err
		}
		if err = place(temp); err == nil {
			return nil
		}
		if !errors.Is(err, unix.ENOENT) {
			return errors.Join(err, unix.Unlinkat(d.fd, temp, 0))
		}
	}
	return err
}

// applyLinkMeta sets what a link can have. temp is opened first, so that all of it is set on what we made.
func (d *Dir) applyLinkMeta(temp string, m Meta, w *MetaWarning) {
	fd, err := openLink(d.fd, temp)
	if err != nil {
		w.add("mtime", err)
		return
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := fstat(fd, &st); err != nil || st.Mode&unix.S_IFMT != unix.S_IFLNK {
		w.add("mtime", errors.Join(err, errors.New("link was replaced")))
		return
	}
	if m.HasOwner && os.Geteuid() == 0 {
		w.add("owner", chownLink(fd, int(m.UID), int(m.GID)))
	}
	for _, x := range m.Xattrs {
		err := error(unix.ENOTSUP)
		if keptXattr(x.Name) && !isACL(x.Name) {
			err = setLinkXattr(fd, x)
		}
		w.add(x.Name, err)
	}
	ts, err := timespecs(m)
	if err == nil {
		err = setLinkTimes(fd, d.fd, temp, ts)
	}
	w.add("mtime", err)
}
