package watcher

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
)

// reporting are the file systems whose every change passes through this kernel, which tells of it. Others, of networks
// above all, change on other computers too. One that is not listed costs time, one listed wrongly would be a lie.
var reporting = []string{
	"affs", "apfs", "aufs", "bcachefs", "btrfs", "devtmpfs", "ecryptfs", "erofs", "exfat", "ext2", "ext3", "ext4", "f2fs",
	"fuseblk", // in user space, but on a disk of this computer: NTFS, exFAT
	"hfs", "hfsplus", "iso9660", "jffs2", "jfs", "minix", "msdos", "nilfs2", "ntfs", "ntfs3", "overlay", "ramfs", "reiserfs",
	"rootfs", "squashfs", "tmpfs", "ubifs", "udf", "ufs", "vfat", "xfs", "zfs",
}

// mountsOf reads what is mounted at, above and below the folder path, which must be free of links.
func mountsOf(path string) (*mounts, error) {
	table, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, fmt.Errorf("read what is mounted: %w", withoutPath(err))
	}
	return parseMounts(string(table), path)
}

var errMountinfo = errors.New("what is mounted cannot be understood")

// parseMounts understands /proc/self/mountinfo, as proc_pid_mountinfo(5) describes it. A later line hides an earlier
// one of the same place.
func parseMounts(table, path string) (*mounts, error) {
	m := &mounts{}
	var told strings.Builder
	best := -1 // length of the mount point that the folder lies on
	below := map[string]bool{}
	for line := range strings.Lines(table) {
		before, after, ok := strings.Cut(line, " - ")
		fields, types := strings.Fields(before), strings.Fields(after)
		if !ok || len(fields) < 5 || len(types) < 1 {
			return nil, errMountinfo
		}
		point, kind := unescape(fields[4]), types[0]
		reports := slices.Contains(reporting, kind)
		switch {
		case within(path, point, "/"):
			if len(point) < best {
				continue
			}
			best, m.self, m.reports = len(point), kind, reports
		case within(point, path, "/"):
			below[point] = reports
		default:
			continue
		}
		fmt.Fprintf(&told, "%s %s %s %q\n", fields[0], fields[2], kind, point)
	}
	if best < 0 {
		return nil, errMountinfo
	}
	m.told = told.String()
	for point, reports := range below {
		if !reports {
			m.silent = append(m.silent, point)
		}
	}
	slices.Sort(m.silent)
	return m, nil
}

// unescape undoes what mountinfo does to blanks, tabs, newlines and backslashes: \ and three octal digits.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+4 <= len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
