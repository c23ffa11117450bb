package watcher

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
)

const someMounts = `22 28 0:21 / /proc rw,nosuid - proc proc rw
28 1 8:2 / / rw,relatime shared:1 - ext4 /dev/sda2 rw
61 28 8:3 / /home rw,relatime shared:31 - btrfs /dev/sda3 rw
70 61 0:50 / /home/me/With\040blank rw - nfs4 server:/share rw
71 61 0:51 / /home/me/Disk rw - fuseblk /dev/sdb1 rw
72 61 0:52 / /home/me/Phone rw - fuse.jmtpfs jmtpfs rw
73 61 0:53 / /home/media rw - cifs //server/media rw
74 73 0:54 / /home/media rw - tmpfs tmpfs rw
`

func TestFileSystemsThatDoNotTellOfChangesAreKnown(t *testing.T) {
	for _, c := range []struct {
		folder, kind string
		reports      bool
		silent       []string
	}{
		{"/home/me", "btrfs", true, []string{"/home/me/Phone", "/home/me/With blank"}},
		{"/home/me/With blank/deep", "nfs4", false, nil},
		{"/home/me/Disk/x", "fuseblk", true, nil},
		{"/home/me/Phone", "fuse.jmtpfs", false, nil},
		{"/home/media", "tmpfs", true, nil}, // the one mounted later hides the other
		{"/home/meadow", "btrfs", true, nil},
		{"/srv", "ext4", true, nil},
		{"/", "ext4", true, []string{"/home/me/Phone", "/home/me/With blank", "/proc"}},
		{"/proc/self", "proc", false, nil},
	} {
		m, err := parseMounts(someMounts, c.folder)
		if err != nil {
			t.Errorf("%s: %v", c.folder, err)
			continue
		}
		if m.self != c.kind || m.reports != c.reports || !slices.Equal(m.silent, c.silent) {
			t.Errorf("%s: %+v", c.folder, m)
		}
	}
}

func TestEveryMountNearbyMakesADifference(t *testing.T) {
	before, err := parseMounts(someMounts, "/home/me")
	must(t, err)
	for line, differs := range map[string]bool{
		"80 61 0:60 / /home/me/new rw - tmpfs tmpfs rw":  true,
		"80 61 0:60 / /home rw - tmpfs tmpfs rw":         true,
		"80 61 0:60 / /home/you rw - tmpfs tmpfs rw":     false,
		"80 61 0:60 / /srv rw - tmpfs tmpfs rw":          false,
		"80 61 0:60 / /home/me/Disk rw - ext4 /dev/x rw": true,
	} {
		after, err := parseMounts(someMounts+line+"\n", "/home/me")
		must(t, err)
		if (after.told != before.told) != differs {
			t.Errorf("with %q: before\n%safter\n%s", line, before.told, after.told)
		}
	}
	for _, bad := range []string{"", "x\n", "1 2 3 - ext4\n", strings.ReplaceAll(someMounts, " - ", " ")} {
		if m, err := parseMounts(bad, "/home"); !errors.Is(err, errMountinfo) {
			t.Errorf("%q is understood as %+v", bad, m)
		}
	}
}

func FuzzMountinfo(f *testing.F) {
	own, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(own), "/tmp")
	f.Add(someMounts, "/home/me")
	f.Add(`1 1 1 1 /\04 1 - x`, "/")
	f.Fuzz(func(t *testing.T, table, path string) {
		m, err := parseMounts(table, path)
		if err != nil {
			return
		}
		for _, point := range m.silent {
			if !m.onSilent(point) || !within(point, path, "/") {
				t.Errorf("%q is not found again in %+v", point, m)
			}
		}
		if m.reports != slices.Contains(reporting, m.self) {
			t.Errorf("%+v", m)
		}
	})
}
